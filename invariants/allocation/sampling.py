"""How much must be sampled to tell two laws apart, and whether samples contradict a law."""

import math
from collections.abc import Mapping
from itertools import accumulate
from typing import Any, Final

from invariants.allocation.oracle import Law

ERROR: Final = 1e-9
"""The chance that one judgement accuses a right law, and that it passes one that is further away than `GAP`."""

GAP: Final = 0.04
"""The distance between two distribution functions that must not be missed."""


def sample_size(laws: int, error: float = ERROR, gap: float = GAP) -> int:
    """Samples a law, so that `laws` comparisons together err with a chance of `error` at most, either way.

    An empirical distribution function of n samples is further than t from its own with a chance of at most
    2 exp(-2 n t²), for discrete laws too (Massart, The tight constant in the Dvoretzky-Kiefer-Wolfowitz inequality,
    1990). The threshold lies at half the gap: a right law passes it as rarely as one a gap away stays below.
    """
    return math.ceil(math.log(2 * laws / error) / (2 * (gap / 2) ** 2))


def certain(law: Law[Any], samples: int, laws: int, error: float = ERROR) -> set[Any]:
    """The outcomes whose absence from so many samples is no accident: (1 - p)^n ≤ exp(-p n), summed over all."""
    return {outcome for outcome, chance in law.items() if float(chance) * samples >= math.log(len(law) * laws / error)}


def distance(law: Law[Any], times: Mapping[Any, int]) -> float:
    """The greatest difference between the two distribution functions, outcomes in ascending order."""
    samples = sum(times.values())
    order = sorted(law)
    expected = accumulate(float(law[outcome]) for outcome in order)
    seen = accumulate(times.get(outcome, 0) / samples for outcome in order)
    return max(abs(one - other) for one, other in zip(expected, seen, strict=True))
