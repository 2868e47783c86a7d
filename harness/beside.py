"""A process beside this one, which ends with the block that started it, or with this process."""

import multiprocessing
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from types import FrameType
from typing import Any, Final

from harness import processes

_GRACE_S: Final = 20.0
"""So long a process may take to end: a schedule, and taking away the servers it stands on."""


@contextmanager
def beside(work: Callable[..., None], *arguments: Any) -> Iterator[Connection]:
    """A process that does `work(connection, *arguments)`; at this end of the connection are its answers (`answer`)."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_work, args=(work, there, *arguments))
    process.start()
    there.close()
    try:
        yield here
    except BaseException:
        process.terminate()
        raise
    finally:
        here.close()
        process.join(_GRACE_S)
        process.kill()
        process.join()


def answer(connection: Connection) -> Any:
    """What a process beside this one sends; its error is raised here. RuntimeError: it was killed."""
    try:
        said = connection.recv()
    except EOFError:
        raise RuntimeError("a process that played schedules was killed: try fewer --jobs") from None
    if isinstance(said, Exception):
        raise said
    return said


def _work(work: Callable[..., None], connection: Connection, *arguments: Any) -> None:
    end_tidily()
    try:
        work(connection, *arguments)
    except EOFError:
        pass  # nobody asks any more
    except Exception as error:  # noqa: BLE001 whoever asked raises it
        connection.send(error)


def end_tidily() -> None:
    """This process ends with its parent, and takes away what it stands on when it is told to end."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the parent too, which ends this one
    signal.signal(signal.SIGTERM, _end)
    processes.die_with_parent(signal.SIGTERM)


def _end(number: int, _frame: FrameType | None) -> None:
    """Once: told a second time while it clears away, it would leave the rest."""
    signal.signal(number, signal.SIG_IGN)
    sys.exit(128 + number)
