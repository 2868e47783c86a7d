"""Telling people how a run gets on, on standard error: one live line on a terminal, plain lines elsewhere."""

import time
from types import TracebackType
from typing import Final, Self

from msgspec import Struct
from rich.console import Console
from rich.live import Live
from rich.text import Text

_PLAIN_EVERY_S: Final = 5.0


class Load(Struct, frozen=True):
    """All workers of a swarm together, in mid-run."""

    workers: int = 0
    loading: int = 0  # workers that are past their preparations
    done: int = 0
    arrivals: int = 0
    started: int = 0
    issued: int = 0
    ok: int = 0
    fail: int = 0
    info: int = 0


class Teller:
    """Tells the phases of a run. It starts no thread: whoever forks may use it."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(stderr=True, highlight=False)
        self._live: Live | None = None
        self._began_s = time.monotonic()
        self._plain_due_s = 0.0

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._live = Live(Text(), console=self._console, auto_refresh=False, transient=True)
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        if self._live:
            self._live.stop()

    def phase(self, name: str, detail: str = "") -> None:
        """A phase begins."""
        self._plain_due_s = 0.0
        self._say(f"{name:<8} {detail}".rstrip(), lasting=True)

    def load(self, load: Load) -> None:
        """How far the load is; as often as one likes."""
        phase = "load" if load.loading else "warm"
        of_all = f"{load.started:,}/{load.arrivals:,} arrivals, " if load.arrivals else ""
        counts = f"{load.issued:,} issued = {load.ok:,} ok + {load.fail:,} fail + {load.info:,} info"
        rest = load.issued - load.ok - load.fail - load.info
        self._say(f"{phase:<8} {of_all}{counts} + {rest:,} in flight", lasting=False)

    def _say(self, text: str, *, lasting: bool) -> None:
        now_s = time.monotonic()
        line = f"{now_s - self._began_s:6.1f} s  {text}"
        if self._live:
            if lasting:
                self._live.console.print(Text(line))
            self._live.update(Text("" if lasting else line), refresh=True)
        elif lasting or now_s >= self._plain_due_s:
            self._plain_due_s = now_s + _PLAIN_EVERY_S
            self._console.print(Text(line), soft_wrap=True)
