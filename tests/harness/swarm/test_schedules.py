"""Schedules: sorted, within their window, the same for the same seed, and split without overlap."""

from collections import Counter
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.swarm.schedules import (
    FESTIVAL_EVE,
    SECOND_NS,
    constant,
    curve_moment,
    day_curve,
    herd,
    part_of,
    poisson,
    rain,
    ramp,
    replay,
    split,
    step,
)

RATES = st.floats(0.5, 500.0)
DURATIONS = st.floats(0.5, 10.0)
SEEDS = st.integers(0, 2**32)
CURVES = st.lists(st.just(0.0) | st.floats(0.01, 300.0), min_size=1, max_size=24).filter(any)
RECORDINGS = st.builds(
    lambda zero_ns, offsets_ns: sorted(zero_ns + offset_ns for offset_ns in offsets_ns),
    st.integers(-(10**18), 2 * 10**18),
    st.lists(st.integers(0, 30 * 86400 * SECOND_NS), max_size=60),
)


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


def is_sorted_within(offsets_ns: list[int], duration_s: float) -> bool:
    return offsets_ns == sorted(offsets_ns) and all(0 <= at_ns <= duration_s * SECOND_NS for at_ns in offsets_ns)


def area_until(rates: list[float], step_s: float, at_s: float) -> float:
    """How many a step function brings until a moment, added up the slow way."""
    return sum(rate * min(step_s, max(0.0, at_s - n * step_s)) for n, rate in enumerate(rates))


@given(CURVES, st.floats(0.01, 2.0))
def test_steps_bring_what_their_area_says(rates: list[float], step_s: float) -> None:
    """The n-th arrival comes when the area reaches n, none is missing, and none comes in a step of rate 0."""
    offsets_ns = step(rates, step_s)
    assert len(offsets_ns) == round(sum(rate * step_s for rate in rates))
    assert is_sorted_within(offsets_ns, len(rates) * step_s)
    for n, offset_ns in enumerate(offsets_ns):
        slack = 1e-6 + 2e-9 * max(rates)
        assert area_until(rates, step_s, offset_ns / SECOND_NS) == pytest.approx(n, abs=slack)


@given(RATES, DURATIONS)
def test_one_step_is_constant(rate: float, duration_s: float) -> None:
    """A single step is the constant schedule, to the nanosecond."""
    assert step([rate], duration_s) == pytest.approx(constant(rate, duration_s), abs=2)


def test_steps_hold_their_rates() -> None:
    """10/s, nothing, 100/s, for two seconds each: 20, 0 and 200 arrivals, evenly spaced."""
    offsets_ns = step([10, 0, 100], 2)
    per_step = Counter(offset_ns // (2 * SECOND_NS) for offset_ns in offsets_ns)
    assert per_step == {0: 20, 2: 200}
    assert {later - earlier for earlier, later in pairwise(offsets_ns[20:])} <= {10**7 - 1, 10**7, 10**7 + 1}


@given(st.integers(0, 500), CURVES, DURATIONS, SEEDS)
def test_a_day_has_all_its_people(people: int, hours: list[float], duration_s: float, seed: int) -> None:
    """Exactly so many, within the duration, the same for the same seed, nobody in an hour that has none."""
    offsets_ns = day_curve(people, hours, duration_s, Random(seed))
    assert len(offsets_ns) == people
    assert is_sorted_within(offsets_ns, duration_s)
    assert offsets_ns == day_curve(people, hours, duration_s, Random(seed))
    hour_ns = duration_s * SECOND_NS / len(hours)
    for offset_ns in offsets_ns:
        at = offset_ns / hour_ns
        near = {min(int(edge), len(hours) - 1) for edge in (at - 1e-6, at + 1e-6) if edge >= 0}
        assert any(hours[hour] for hour in near)


def test_the_festival_peaks_at_midnight() -> None:
    """Of 24 hours from noon the one after midnight, in the middle, has most; every hour has its share of the people."""
    hours = Counter(offset_ns // SECOND_NS for offset_ns in day_curve(100_000, FESTIVAL_EVE, 24, Random(1)))
    assert max(hours, key=lambda hour: hours[hour]) == 12
    for hour, weight in enumerate(FESTIVAL_EVE):
        expected = 100_000 * weight / sum(FESTIVAL_EVE)
        assert hours[hour] == pytest.approx(expected, abs=5 * expected**0.5)


@given(CURVES, st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_a_curve_cut_short_keeps_its_shape(hours: list[float], share: float, other: float, until: float) -> None:
    """Nobody comes after the cut, more shares come later, and what has come is the share that was asked for."""
    moments = [curve_moment(hours, each, until) for each in sorted((share, other))]
    assert 0 <= moments[0] <= moments[1] <= until
    part = 1 / len(hours)
    come, whole = area_until(hours, part, moments[0]), area_until(hours, part, until)
    assert come == pytest.approx(min(share, other) * whole, abs=1e-9 * max(hours))


@given(
    rounds=st.integers(0, 6),
    people=st.integers(0, 60),
    interval_s=st.floats(0, 5),
    shower_s=st.floats(0.01, 5),
    peak=st.floats(0, 1),
    seed=SEEDS,
)
def test_rain_falls_in_rounds(
    rounds: int, people: int, interval_s: float, shower_s: float, peak: float, seed: int
) -> None:
    """All people of all rounds, each within a shower, the same for the same seed."""
    offsets_ns = rain(rounds, people, interval_s, shower_s, Random(seed), peak)
    assert len(offsets_ns) == rounds * people
    assert is_sorted_within(offsets_ns, max(0, rounds - 1) * interval_s + shower_s)
    assert offsets_ns == rain(rounds, people, interval_s, shower_s, Random(seed), peak)
    if interval_s > shower_s:  # showers apart: each has its own
        counts = Counter(min(rounds - 1, int((offset_ns + 1) / SECOND_NS / interval_s)) for offset_ns in offsets_ns)
        assert all(count == people for count in counts.values())


def test_a_shower_has_its_peak() -> None:
    """A shower of ten seconds peaks after two: a twentieth comes in the first second, an eightieth in the last."""
    seconds = Counter(offset_ns // SECOND_NS for offset_ns in rain(1, 50_000, 0, 10, Random(1), peak=0.2))
    assert max(seconds, key=lambda second: seconds[second]) == 2
    assert seconds[0] == pytest.approx(50_000 * 0.05, rel=0.05)
    assert seconds[9] == pytest.approx(50_000 * 0.0125, rel=0.1)


@given(RECORDINGS, st.floats(0.01, 10), st.floats(0.01, 5))
def test_a_replay_is_scaled(moments_ns: list[int], time_scale: float, rate_scale: float) -> None:
    """Sorted, from 0, within the recording's time as scaled, and as many as the rate says."""
    offsets_ns = replay(moments_ns, time_scale, rate_scale)
    assert len(offsets_ns) == round(len(moments_ns) * rate_scale)
    assert offsets_ns == sorted(offsets_ns)
    if offsets_ns:
        assert offsets_ns[0] == 0
        assert offsets_ns[-1] <= (moments_ns[-1] - moments_ns[0]) * time_scale * (1 + 1e-9) + 1


@given(RECORDINGS)
def test_a_replay_as_it_was(moments_ns: list[int]) -> None:
    """Unscaled, every gap is as recorded; with twice the rate every recorded moment is still one of them."""
    assert replay(moments_ns) == [moment_ns - moments_ns[0] for moment_ns in moments_ns]
    assert replay(moments_ns, rate_scale=2.0)[::2] == replay(moments_ns)


@given(st.lists(st.integers()), st.integers(1, 9))
def test_parts_are_the_whole(schedule: list[int], parts: int) -> None:
    """Dealt out to workers, every arrival is somebody's and nobody's twice, and the parts are as even as can be."""
    numbered = list(enumerate(schedule))
    dealt = [list(part_of(numbered, part, parts)) for part in range(parts)]
    assert sorted(item for part in dealt for item in part) == numbered
    assert max(map(len, dealt)) - min(map(len, dealt)) <= 1


@pytest.mark.parametrize("rates", [[], [0, 0], [1, -1], [float("nan")], [float("inf")]])
def test_impossible_rates(rates: list[float]) -> None:
    """A curve of nothing, or of what is no rate, is an error of whoever wrote it."""
    with pytest.raises(ValueError, match="rates have to be"):
        step(rates, 1.0)
