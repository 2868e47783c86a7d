"""When arrivals are due: nanoseconds after the start, sorted, and a function of their arguments alone.

A schedule is made before the load begins and says when things should happen, whatever the target does meanwhile.
"""

import heapq
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import accumulate
from math import floor, isfinite, sqrt
from random import Random
from typing import Final, TypeVar

SECOND_NS: Final = 1_000_000_000

FESTIVAL_EVE: Final = (
    30, 28, 25, 28, 32, 38, 50, 62, 90, 120, 135, 190,
    420, 110, 48, 20, 9, 5, 4, 5, 9, 16, 24, 28,
)  # fmt: skip
"""People an hour, relative to each other, from noon of New Year's Eve to noon of New Year's Day: most at midnight."""


def constant(rate_per_s: float, duration_s: float) -> list[int]:
    """Evenly spaced arrivals, the first at 0."""
    return [round(n * SECOND_NS / rate_per_s) for n in range(round(rate_per_s * duration_s))]


def poisson(rate_per_s: float, duration_s: float, random: Random) -> list[int]:
    """Arrivals that know nothing of each other: exponential gaps of mean 1/rate."""
    offsets_ns = []
    at_s = random.expovariate(rate_per_s)
    while at_s < duration_s:
        offsets_ns.append(int(at_s * SECOND_NS))
        at_s += random.expovariate(rate_per_s)
    return offsets_ns


def ramp(from_per_s: float, to_per_s: float, duration_s: float) -> list[int]:
    """A rate that rises (or falls) in a straight line.

    The n-th arrival is due where the area under the line reaches n: from·t + (to - from)·t²/2·duration = n.
    """
    slope = (to_per_s - from_per_s) / duration_s
    count = round((from_per_s + to_per_s) / 2 * duration_s)
    offsets_ns = []
    for n in range(count):
        root = sqrt(max(0.0, from_per_s * from_per_s + 2 * slope * n))
        at_s = 2 * n / (from_per_s + root) if n else 0.0
        offsets_ns.append(int(min(at_s, duration_s) * SECOND_NS))
    return offsets_ns


def herd(people: int, median_s: float, spread: float, latest_s: float, random: Random) -> list[int]:
    """People who react to one moment: log-normal reaction times around `median_s`, none after `latest_s`."""
    reactions_s = (median_s * random.lognormvariate(0.0, spread) for _ in range(people))
    return sorted(int(min(reaction_s, latest_s) * SECOND_NS) for reaction_s in reactions_s)


def step(rates_per_s: Sequence[float], step_s: float) -> list[int]:
    """A rate that is held for `step_s`, then the next one, and so on; even within each step.

    The n-th arrival is due where the area under the steps reaches n.
    """
    areas = _areas(rates_per_s, step_s)
    return [_ns(_reached(areas, step_s, n), step_s * len(rates_per_s)) for n in range(round(areas[-1]))]


def day_curve(people: int, hours: Sequence[float], duration_s: float, random: Random) -> list[int]:
    """Exactly `people`, each at a moment of their own: a day squeezed into `duration_s`.

    `hours` says how many come in each hour (or any other equal part of the time), relative to each other. Given how
    many there are, this is a Poisson process whose rate follows the curve.
    """
    step_s = duration_s / len(hours)
    areas = _areas(hours, step_s)
    moments_s = (_reached(areas, step_s, random.random() * areas[-1]) for _ in range(people))
    return sorted(_ns(moment_s, duration_s) for moment_s in moments_s)


def curve_moment(hours: Sequence[float], share: float, until: float = 1.0) -> float:
    """When, as a share of the whole time, the `share` (0 … 1) of those have come who come before `until`."""
    part = 1 / len(hours)
    areas = _areas(hours, part)
    whole = min(floor(until / part), len(hours) - 1)
    come = areas[whole] + (until - whole * part) * hours[whole]
    return min(until, _reached(areas, part, share * come))


def rain(rounds: int, people: int, interval_s: float, shower_s: float, random: Random, peak: float = 0.2) -> list[int]:
    """Showers of `people` each, one every `interval_s`, from 0 on.

    A shower swells until the share `peak` of its `shower_s` has passed, then ebbs away, both in a straight line.
    """
    return sorted(
        _ns(number * interval_s + random.triangular(0, shower_s, peak * shower_s), number * interval_s + shower_s)
        for number in range(rounds)
        for _ in range(people)
    )


def replay(moments_ns: Sequence[int], time_scale: float = 1.0, rate_scale: float = 1.0) -> list[int]:
    """Recorded arrivals (sorted, any zero) once more, the first at 0, in `time_scale` times the time they took.

    `rate_scale` times as many come in that time: where they are more, the new ones stand between the old ones, and
    where they are fewer, every so-many-th is left. The rate is thus scaled by `rate_scale` / `time_scale`.
    """
    if not moments_ns:
        return []
    last = len(moments_ns) - 1
    offsets_ns = []
    for n in range(round(len(moments_ns) * rate_scale)):
        whole, part = divmod(min(n / rate_scale, last), 1)
        here_ns = moments_ns[int(whole)] - moments_ns[0]
        ahead_ns = moments_ns[min(int(whole) + 1, last)] - moments_ns[0]
        offsets_ns.append(round((here_ns + part * (ahead_ns - here_ns)) * time_scale))
    return offsets_ns


T = TypeVar("T")


def part_of(schedule: Sequence[T], part: int, parts: int) -> Sequence[T]:
    """Every `parts`-th of a schedule, so that each worker's part looks like the whole. No two parts overlap."""
    return schedule[part::parts]


def split(weights: Sequence[int], parts: int) -> list[int]:
    """For each item the one part (0 … parts-1) that it belongs to; heavy ones first, to whoever has least."""
    loads = [(0, part) for part in range(parts)]
    owners = [0] * len(weights)
    for item in sorted(range(len(weights)), key=lambda item: (-weights[item], item)):
        load, part = loads[0]
        owners[item] = part
        heapq.heapreplace(loads, (load + weights[item], part))
    return owners


def _areas(rates: Sequence[float], step_s: float) -> list[float]:
    """The area under the steps up to the beginning of each, and at last the whole."""
    if not all(isfinite(rate) and rate >= 0 for rate in rates) or not any(rates):
        raise ValueError(f"rates have to be numbers from 0 on, and not all 0: {list(rates)}")
    return list(accumulate((rate * step_s for rate in rates), initial=0.0))


def _reached(areas: Sequence[float], step_s: float, area: float) -> float:
    """Seconds until `area` is reached: within the step that reaches it, by proportion. Steps of no height are none."""
    at = min(bisect_right(areas, area), bisect_left(areas, areas[-1])) - 1
    return step_s * (at + min(1.0, (area - areas[at]) / (areas[at + 1] - areas[at])))


def _ns(moment_s: float, latest_s: float) -> int:
    return int(min(moment_s, latest_s) * SECOND_NS)
