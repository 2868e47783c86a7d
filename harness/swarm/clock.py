"""How far this worker's clock is from the master's, measured over Locust's own messages, as NTP does it.

At the moment the master read its clock, ours stood between when we asked and when we heard: every round trip bounds the
offset (ours minus the master's), and several bound it together. Between measurements the bound grows by what clocks
drift. Processes of one machine have one clock, and need no measurement.
"""

from collections.abc import Iterable
from functools import reduce
from pathlib import Path
from typing import Final, NamedTuple

from harness.history.clock import ANCHOR_NS
from harness.history.skew import Skew

DRIFT_PPM: Final = 500  # the most by which Linux steers a clock (adjtimex); crystals are ten times better
EVERY_NS: Final = 1_000_000_000
"""How often a clock that had to be measured is measured again."""


class Bound(NamedTuple):
    """The offset lies between the two, both included."""

    low_ns: int
    high_ns: int

    @property
    def skew(self) -> Skew:
        """The middle, and how far the ends are from it."""
        return Skew((self.low_ns + self.high_ns) // 2, (self.high_ns - self.low_ns + 1) // 2)


def bound(sent_ns: int, theirs_ns: int, received_ns: int) -> Bound:
    """What one round trip tells: we asked at `sent_ns` and heard at `received_ns` that it is `theirs_ns` over there."""
    return Bound(sent_ns - theirs_ns, received_ns - theirs_ns)


def both(one: Bound, other: Bound) -> Bound:
    """What two bounds say together; of two that contradict each other, the hull."""
    narrow = Bound(max(one.low_ns, other.low_ns), min(one.high_ns, other.high_ns))
    return narrow if narrow.low_ns <= narrow.high_ns else hull(one, other)


def hull(one: Bound, other: Bound) -> Bound:
    """All that either allows."""
    return Bound(min(one.low_ns, other.low_ns), max(one.high_ns, other.high_ns))


def drifted(known: Bound, elapsed_ns: int) -> Bound:
    """What is still known after `elapsed_ns`."""
    drift_ns = -(-elapsed_ns * DRIFT_PPM // 1_000_000)
    return Bound(known.low_ns - drift_ns, known.high_ns + drift_ns)


class Clock:
    """Follows one offset. `now` is what is known at this moment, `ever` holds it for the whole time until the next
    measurement is due.
    """

    def __init__(self, measured: Iterable[Bound], at_ns: int) -> None:
        self.now = reduce(both, measured)
        self.ever = drifted(self.now, EVERY_NS)
        self._at_ns = at_ns

    def learn(self, measured: Iterable[Bound], at_ns: int) -> None:
        """New round trips that ended by `at_ns` of our clock. A bad one never makes what is known worse."""
        expected = drifted(self.now, at_ns - self._at_ns)
        self.now, self._at_ns = reduce(both, measured, expected), at_ns
        self.ever = reduce(hull, (expected, drifted(self.now, EVERY_NS)), self.ever)


def exact(theirs_anchor_ns: int) -> Skew:
    """The skew between two processes of one machine: they read one monotonic clock, from different anchors."""
    return Skew(ANCHOR_NS - theirs_anchor_ns, 0)


def machine() -> str:
    """A name that processes share if and only if they share a monotonic clock; empty where nothing tells."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot} {Path('/proc/self/ns/time').readlink()}"
    except OSError:
        return ""
