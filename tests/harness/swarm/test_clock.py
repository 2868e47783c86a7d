"""What round trips tell of another clock: never less than the truth allows."""

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from harness.history.skew import Skew
from harness.swarm.clock import DRIFT_PPM, EVERY_NS, Bound, Clock, both, bound, drifted, hull

HOUR_NS = 3600 * 10**9


def round_trip(random: Random, offset_ns: int, at_ns: int) -> Bound:
    """One at our `at_ns`, of a clock we are `offset_ns` ahead of: the two ways take what they take."""
    there, back = (int(random.lognormvariate(13, 1.5)) for _ in range(2))
    return bound(at_ns, at_ns + there - offset_ns, at_ns + there + back)


@given(st.integers(-HOUR_NS, HOUR_NS), st.integers(0, 10**6))
def test_a_round_trip_holds_the_truth(offset_ns: int, seed: int) -> None:
    """However unequal the two ways: the offset lies in the bound, and within the error of its middle."""
    found = round_trip(Random(seed), offset_ns, 10**18)
    assert found.low_ns <= offset_ns <= found.high_ns
    assert abs(found.skew.offset_ns - offset_ns) <= found.skew.error_ns


def test_several_are_tighter_than_each() -> None:
    """Bounds are intersected; those that contradict each other leave all that either allows."""
    assert both(Bound(-5, 10), Bound(3, 20)) == Bound(3, 10)
    assert both(Bound(0, 1), Bound(5, 6)) == hull(Bound(0, 1), Bound(5, 6)) == Bound(0, 6)
    assert Bound(3, 10).skew == Skew(6, 4)


def test_what_is_known_wears_off() -> None:
    """A second later a bound is wider by what clocks may have drifted, either way."""
    assert drifted(Bound(0, 0), 10**9) == Bound(-DRIFT_PPM * 1000, DRIFT_PPM * 1000)


@given(st.integers(-HOUR_NS, HOUR_NS), st.integers(-DRIFT_PPM, DRIFT_PPM), st.integers(0, 10**6))
def test_a_drifting_clock_stays_within_its_note(offset_ns: int, ppm: int, seed: int) -> None:
    """Followed for a minute: at every moment the offset is within the note of before, and within the last one."""
    random = Random(seed)

    def true_ns(at_ns: int) -> int:
        return offset_ns + at_ns * ppm // 1_000_000

    clock = Clock([round_trip(random, true_ns(0), 0) for _ in range(12)], 0)
    seen = []
    for second in range(1, 60):
        at_ns = second * EVERY_NS
        seen.append(true_ns(at_ns))
        assert clock.ever.low_ns - 1 <= true_ns(at_ns) <= clock.ever.high_ns + 1
        late_ns = at_ns + 10**8  # the round trips end after they began
        clock.learn([round_trip(random, true_ns(at_ns), at_ns) for _ in range(3)], late_ns)
    assert clock.ever.low_ns - 1 <= min(seen) <= max(seen) <= clock.ever.high_ns + 1


def test_a_bad_round_trip_spoils_nothing() -> None:
    """One that takes a second, after a good one, leaves what was known, but for the drift."""
    clock = Clock([Bound(100, 200)], 0)
    clock.learn([Bound(-(10**9), 10**9)], EVERY_NS)
    assert clock.now == drifted(Bound(100, 200), EVERY_NS)
    assert clock.ever == drifted(clock.now, EVERY_NS)
