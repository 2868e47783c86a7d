"""Token buckets, decided (W12)."""

from hypothesis import given
from hypothesis import strategies as st

from reference_impl.resilience.limits import BURST_US, pass_one

SECOND_US = 1_000_000
RATES = st.integers(1, 5000)
STEPS = st.lists(st.integers(0, 50_000), min_size=1, max_size=300)


@given(RATES, STEPS)
def test_w12_never_more_than_the_rate_and_a_burst(rate_per_s: int, steps_us: list[int]) -> None:
    """However they come, over any time no more pass than the rate gives, a burst and one."""
    now_us, free_us, passed = 10 * SECOND_US, 0, 0
    for step_us in steps_us:
        now_us += step_us
        after = pass_one(free_us, rate_per_s, now_us)
        if after is not None:
            free_us, passed = after, passed + 1
    interval_us = SECOND_US // rate_per_s
    assert passed <= 1 + (sum(steps_us) + BURST_US) // interval_us


@given(RATES)
def test_w12_who_keeps_to_the_rate_always_passes(rate_per_s: int) -> None:
    """One an interval is never refused."""
    free_us: int | None = 0
    for number in range(50):
        assert free_us is not None
        free_us = pass_one(free_us, rate_per_s, SECOND_US + number * (SECOND_US // rate_per_s))
    assert free_us is not None


@given(RATES, st.integers(1, 100 * SECOND_US))
def test_w12_a_clock_that_jumps_back_locks_nobody_out(rate_per_s: int, back_us: int) -> None:
    """After a jump back, however far, the door is open at once, or an interval and a burst later."""
    free_us = pass_one(0, rate_per_s, 1000 * SECOND_US)
    assert free_us is not None
    now_us = 1000 * SECOND_US - back_us
    later_us = now_us + SECOND_US // rate_per_s + BURST_US
    assert pass_one(free_us, rate_per_s, now_us) or pass_one(free_us, rate_per_s, later_us)
