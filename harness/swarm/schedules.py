"""When arrivals are due: nanoseconds after the start, sorted, and a function of their arguments alone.

A schedule is made before the load begins and says when things should happen, whatever the target does meanwhile.
"""

import heapq
from collections.abc import Sequence
from math import sqrt
from random import Random
from typing import Final

SECOND_NS: Final = 1_000_000_000


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


def split(weights: Sequence[int], parts: int) -> list[int]:
    """For each item the one part (0 … parts-1) that it belongs to; heavy ones first, to whoever has least."""
    loads = [(0, part) for part in range(parts)]
    owners = [0] * len(weights)
    for item in sorted(range(len(weights)), key=lambda item: (-weights[item], item)):
        load, part = loads[0]
        owners[item] = part
        heapq.heapreplace(loads, (load + weights[item], part))
    return owners
