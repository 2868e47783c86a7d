"""Waiting for a target to finish what it acknowledged."""

from collections.abc import Callable
from pathlib import Path

import pytest

from harness.target import Target
from harness.target import drain as draining
from harness.target.drain import UNTOLD, Drained, drain
from harness.target.launch import launch

TargetOf = Callable[..., Target]
DRAIN = '[drain]\npath = "/pending"\npending = "/pending"\n'


def start(*pending: str) -> str:
    words = ", ".join(f"'{word}'" for word in ("plain", *pending))
    return f'{DRAIN}[start]\ncommand = ["{{python}}", "{{server}}", "{{port}}", {words}]\nready = "/ready"\n'


class Clock:
    """Moves while somebody sleeps, and not while the machine has other things to do."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def monotonic(self) -> float:
        return self.now_s

    def sleep(self, seconds: float) -> None:
        self.now_s += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock by which draining is timed."""
    its = Clock()
    monkeypatch.setattr(draining, "time", its)
    return its


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize(
    ("pending", "done", "last"),
    [
        (("3", "1", "0"), True, 0),
        (("0", "2", "0", "5", "0"), True, 0),
        (("0", "4"), False, 4),
        (("4",), False, 4),
        (("7", "null"), False, 7),
        (("false",), False, UNTOLD),
        (("-1",), False, UNTOLD),
        (('"0"',), False, UNTOLD),
    ],
)
def test_drained_is_zero_twice_in_a_row(
    target_of: TargetOf, tmp_path: Path, pending: tuple[str, ...], done: bool, last: int
) -> None:
    """One zero between two queues is not the end; what is no count is no answer; the time limit holds."""
    target = target_of(start(*pending))
    with launch(target, tmp_path):
        drained = drain(target, 1.5)
    assert (drained.done, drained.pending) == (done, last)
    assert drained.seconds == pytest.approx(1.5, abs=0.2) if not done else drained.seconds < 1.5


def test_absent_target_is_asked_until_the_time_is_up(target_of: TargetOf, clock: Clock) -> None:
    """A target that is away has not drained, however long it was away; nothing is raised."""
    assert drain(target_of(DRAIN), 0.5).done is False
    assert 0.4 < clock.now_s < 0.7


def test_target_without_a_backlog_needs_no_draining(target_of: TargetOf) -> None:
    """Without [drain] there is nothing to ask."""
    assert drain(target_of(), 5) == Drained(done=True, pending=0, seconds=0.0)
