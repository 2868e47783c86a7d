"""Schedules: sorted, within their window, the same for the same seed, and split without overlap."""

from collections import Counter
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.swarm.schedules import SECOND_NS, constant, herd, poisson, ramp, split

RATES = st.floats(0.5, 500.0)
DURATIONS = st.floats(0.5, 10.0)
SEEDS = st.integers(0, 2**32)


@given(RATES, RATES, DURATIONS, SEEDS)
def test_arrivals_are_sorted_and_within_the_window(rate: float, other: float, duration_s: float, seed: int) -> None:
    """Every schedule rises and stays between its start and its end."""
    for offsets_ns in (
        constant(rate, duration_s),
        poisson(rate, duration_s, Random(seed)),
        ramp(rate, other, duration_s),
        herd(50, rate / 100, 0.5, duration_s, Random(seed)),
    ):
        assert all(earlier <= later for earlier, later in pairwise(offsets_ns))
        assert all(0 <= offset_ns <= duration_s * SECOND_NS + SECOND_NS / rate for offset_ns in offsets_ns)


@given(SEEDS)
def test_same_seed_same_schedule(seed: int) -> None:
    """A schedule is a function of its arguments."""
    assert poisson(50, 2, Random(seed)) == poisson(50, 2, Random(seed))
    assert herd(50, 1.5, 0.5, 9, Random(seed)) == herd(50, 1.5, 0.5, 9, Random(seed))


def test_poisson_has_its_rate_and_its_spread() -> None:
    """The number of arrivals a second has mean and variance equal to the rate."""
    counts = Counter(offset_ns // SECOND_NS for offset_ns in poisson(40, 2000, Random(1)))
    per_second = [counts[second] for second in range(2000)]
    mean = sum(per_second) / 2000
    variance = sum((count - mean) ** 2 for count in per_second) / 2000
    assert mean == pytest.approx(40, rel=0.02)
    assert variance == pytest.approx(40, rel=0.1)


def test_ramp_follows_its_line() -> None:
    """From 0/s to 100/s in 10 s: a quarter of the arrivals in the first half."""
    offsets_ns = ramp(0, 100, 10)
    assert len(offsets_ns) == 500
    assert sum(offset_ns < 5 * SECOND_NS for offset_ns in offsets_ns) == pytest.approx(125, abs=1)


def test_herd_reacts_around_its_median() -> None:
    """Half of the people react before the median, and some long after."""
    offsets_ns = herd(4001, 1.5, 0.5, 60, Random(3))
    assert offsets_ns[2000] == pytest.approx(1.5 * SECOND_NS, rel=0.05)
    assert offsets_ns[-1] > 4 * SECOND_NS


@given(st.lists(st.integers(0, 1000), max_size=60), st.integers(1, 8))
def test_split_gives_each_item_to_exactly_one_part(weights: list[int], parts: int) -> None:
    """All workers together do everything, none does what another does, and no one gets far more than another."""
    owners = split(weights, parts)
    assert len(owners) == len(weights)
    assert set(owners) <= set(range(parts))
    assert owners == split(weights, parts)
    loads = [
        sum(weight for weight, owner in zip(weights, owners, strict=True) if owner == part) for part in range(parts)
    ]
    assert max(loads) - min(loads) <= max(weights, default=0)
