"""Requests between processes: each is served by an actor of its own in the process that is asked."""

from collections.abc import Callable
from typing import Any

from harness.simulation.faults import DELAY_S, REQUEST
from harness.simulation.scheduler import Scheduler


class Lost(Exception):
    """No answer came; what was asked may have happened."""


class _Reply:
    """What a caller waits for: an answer, an error, or the end of whoever served."""

    __slots__ = ("answer", "error", "ready")

    def __init__(self) -> None:
        self.ready = False
        self.answer: Any = None
        self.error: Exception | None = None

    def serve(self, work: Callable[[], Any]) -> None:
        """The first who has an answer gives it."""
        try:
            answer = work()
        except Exception as error:  # noqa: BLE001 whatever it is, the caller gets it
            self._give(None, error)
        else:
            self._give(answer, None)

    def broken(self) -> None:
        """The process is dead, and the connection with it."""
        self._give(None, Lost("the connection broke"))

    def _give(self, answer: Any, error: Exception | None) -> None:
        if not self.ready:
            self.answer, self.error, self.ready = answer, error, True


def ask(scheduler: Scheduler, process: str, what: str, work: Callable[[], Any], patience_s: float) -> Any:
    """Have `work` done in `process`; its answer. Raises Lost, and what `work` raised."""
    fault = scheduler.point("http", what, process, REQUEST)
    if fault == "fail":
        raise Lost("the request never arrived")
    reply = _Reply()
    _serve(scheduler, process, what, reply, work, DELAY_S if fault == "delay" else 0.0)
    if fault == "twice":
        _serve(scheduler, process, what, reply, work, 0.0)
    if fault == "timeout":
        raise Lost("the caller gave up")
    if not scheduler.wait(reply, patience_s):
        raise Lost("no answer in time")
    if reply.error is not None:
        raise reply.error
    return reply.answer


def _serve(
    scheduler: Scheduler, process: str, what: str, reply: _Reply, work: Callable[[], Any], after_s: float
) -> None:
    caller = scheduler.current

    def serve() -> None:
        if after_s:
            scheduler.sleep(after_s)
        reply.serve(work)

    server = scheduler.spawn(f"{process}:{caller.name if caller else ''}:{what}", process, serve)
    server.last_words = reply.broken
