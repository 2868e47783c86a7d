"""What a process remembers of keys (W16, W22): the first that each got, for a while, in bounded room."""

import pytest

from reference_impl.packets import recent
from reference_impl.packets.recent import LASTS_US, Recent
from reference_impl.runtime import ThreadRuntime


class Hand(ThreadRuntime):
    """A clock that stands still until it is moved."""

    now = 10 * LASTS_US

    def now_us(self) -> int:
        return self.now


def test_w22_a_key_keeps_what_it_got_first() -> None:
    """Each person, key and side its own."""
    kept: Recent[str] = Recent(Hand())
    assert [kept.first(1, "k", False, got) for got in ("a", "b")] == ["a", "a"]
    assert [kept.first(*mine, "c") for mine in ((2, "k", False), (1, "l", False), (1, "k", True))] == ["c"] * 3


@pytest.mark.parametrize(("passes_us", "stays"), [(LASTS_US - 1, True), (1 - LASTS_US, True), (LASTS_US, False)])
def test_w22_for_a_while_however_the_clock_jumps(passes_us: int, stays: bool) -> None:
    """Asking does not prolong it."""
    clock = Hand()
    kept: Recent[str] = Recent(clock)
    kept.first(1, "k", False, "a")
    clock.now += passes_us // 2
    kept.first(1, "k", False, "b")
    clock.now += passes_us - passes_us // 2
    assert kept.first(1, "k", False, "c") == ("a" if stays else "c")


def test_w22_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The newest are always there, and never more than twice as many."""
    monkeypatch.setattr(recent, "MOST", 8)
    kept: Recent[int] = Recent(Hand())
    for number in range(100):
        kept.first(number, "k", False, number)
        assert [kept.first(last, "k", False, -1) for last in range(max(0, number - 3), number + 1)][-1] == number
    assert kept.first(99, "k", False, -1) == 99 and kept.first(0, "k", False, -1) == -1
    assert len(kept._now) + len(kept._before) <= 16
