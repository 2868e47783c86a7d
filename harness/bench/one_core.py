"""One core for all who take part: what a core does is measured on a core, and none is woken from its sleep for it."""

import contextlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

_TASKS = "/proc/{}/task"


@contextlib.contextmanager
def on_one_core(pids: Iterable[int]) -> Iterator[None]:
    """Keep the caller's thread, those it starts from now on, and all threads of the processes `pids` on one core.

    Where cores cannot be chosen (no Linux) nothing is done.
    """
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    core = {min(before)}
    for pid in pids:
        for task in Path(_TASKS.format(pid)).iterdir():
            with contextlib.suppress(ProcessLookupError):
                os.sched_setaffinity(int(task.name), core)
    os.sched_setaffinity(0, core)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
