"""Sample sizes: as large as the bound asks for, right laws pass and wrong ones are seen at that size."""

import math
from collections import Counter
from fractions import Fraction
from random import Random

from invariants.allocation.oracle import Law
from invariants.allocation.sampling import certain, distance, sample_size

DIE: Law[int] = {face: Fraction(1, 6) for face in range(1, 7)}


def thrown(random: Random, weights: list[int], times: int) -> Counter[int]:
    return Counter(random.choices(range(1, 7), weights, k=times))


def test_the_size_follows_the_bound() -> None:
    """2 exp(-2 n t²) with t half the gap is the chance of an error, shared by all laws; a half of the gap needs 4 n."""
    size = sample_size(laws=10, error=1e-6, gap=0.05)
    assert 2 * 10 * math.exp(-2 * size * 0.025**2) <= 1e-6 < 2 * 10 * math.exp(-2 * (size - 2) * 0.025**2)
    assert abs(sample_size(10, 1e-6, 0.025) / size - 4) < 0.001
    assert sample_size(20, 1e-6, 0.05) > size


def test_right_laws_pass_and_wrong_ones_do_not() -> None:
    """Of 300 fair dice and 300 that are a gap away, at most 1 % each is misjudged."""
    random, gap = Random(1), 0.1
    size = sample_size(1, error=0.01, gap=gap)
    fair = [distance(DIE, thrown(random, [1] * 6, size)) for _ in range(300)]
    loaded = [distance(DIE, thrown(random, [16, 10, 10, 10, 10, 4], size)) for _ in range(300)]
    assert sum(far > gap / 2 for far in fair) <= 3
    assert sum(far <= gap / 2 for far in loaded) <= 3


def test_distance_is_that_of_the_distribution_functions() -> None:
    """A face that is missing moves the whole rest."""
    assert distance(DIE, Counter({1: 1, 2: 1, 3: 1, 4: 1, 5: 1, 6: 1})) < 1e-12
    assert abs(distance(DIE, Counter({6: 10})) - 5 / 6) < 1e-12
    assert abs(distance(DIE, Counter({1: 1, 2: 2, 4: 1, 5: 1, 6: 1})) - 1 / 6) < 1e-12


def test_only_what_must_have_come_is_missed() -> None:
    """An outcome is certain where (1 - p)^n is beyond the error, and not before."""
    law: Law[str] = {"often": Fraction(1, 2), "rare": Fraction(1, 1000), "rest": Fraction(499, 1000)}
    assert certain(law, 10, laws=1, error=0.01) == set()
    assert certain(law, 100, laws=1, error=0.01) == {"often", "rest"}
    assert certain(law, 10_000, laws=1, error=0.01) == set(law)
    assert (1 - 1 / 1000) ** 10_000 * 3 < 0.01
