"""The exact law of W15, against every draw of every path, and what it says of early and late shares."""

from collections import Counter
from collections.abc import Iterator
from fractions import Fraction

import pytest

from invariants.allocation import bounds, divisible
from invariants.allocation.oracle import Law, by_position, chances, packets
from reference_impl.domain.allocation import lucky_fen, upper_fen

LIMITS = [(1, 20_000), (1, 5), (2, 6)]


def mean(law: Law[int]) -> Fraction:
    return sum((share * chance for share, chance in law.items()), Fraction(0))


def drawn(left_fen: int, left_shares: int, least_fen: int, most_fen: int) -> Law[int]:
    """What the code gives over one period of draws."""
    period = upper_fen(left_fen, left_shares, least_fen, most_fen) if left_shares > 1 else 1
    shares = Counter(lucky_fen(left_fen, left_shares, draw, least_fen, most_fen) for draw in range(period))
    return {share: Fraction(times, period) for share, times in shares.items()}


def paths(fen: int, shares: int) -> Iterator[tuple[tuple[int, ...], Fraction]]:
    """Every packet that some draws give, with its chance, once for each way to draw it."""
    if shares == 0:
        yield (), Fraction(1)
        return
    period = upper_fen(fen, shares) if shares > 1 else 1
    for draw in range(period):
        share = lucky_fen(fen, shares, draw)
        for rest, chance in paths(fen - share, shares - 1):
            yield (share, *rest), chance / period


@pytest.mark.parametrize("limits", LIMITS)
def test_the_law_is_that_of_all_draws(limits: tuple[int, int]) -> None:
    """Every remainder to 18 fen and 5 shares: the law in closed form is what one period of draws gives."""
    for shares in range(1, 6):
        for fen in (fen for fen in range(19) if divisible(fen, shares, *limits)):
            law = chances(fen, shares, *limits)
            assert law == drawn(fen, shares, *limits)
            assert sum(law.values()) == 1


@pytest.mark.parametrize("left", [(39_990, 2), (40_000, 2), (45_000, 3), (59_999, 3)])
def test_the_law_near_the_limit(left: tuple[int, int]) -> None:
    """The same where 200 yuan a share is the limit."""
    assert chances(*left) == drawn(*left, 1, 20_000)


@pytest.mark.parametrize("packet", [(6, 3), (9, 2), (9, 4), (12, 3)])
def test_positions_and_packets_are_those_of_all_draws(packet: tuple[int, int]) -> None:
    """By dynamic programming, the same as by every sequence of draws there is."""
    whole: Counter[tuple[int, ...]] = Counter()
    for shares, chance in paths(*packet):
        whole[shares] += chance  # type: ignore[assignment]
    assert packets(*packet) == dict(whole)
    for place, law in enumerate(by_position(*packet)):
        seen: dict[int, Fraction] = {}
        for shares, chance in packets(*packet).items():
            seen[shares[place]] = seen.get(shares[place], Fraction(0)) + chance
        assert law == seen


def test_shares_by_position_sum_to_the_packet() -> None:
    """Means add up to the total, chances to 1, whatever the limits."""
    for total, shares, *limits in ((100, 5, 1, 20_000), (40, 8, 2, 6), (20, 4, 1, 5)):
        laws = list(by_position(total, shares, *limits))
        assert len(laws) == shares and sum(map(mean, laws)) == total
        assert all(sum(law.values()) == 1 for law in laws)


def test_the_last_has_a_little_more() -> None:
    """0 is raised to 1 and twice the mean is never drawn, so that all before the last have less than the mean."""
    for total, shares in ((100, 5), (60, 3), (10, 2)):
        *early, last = map(mean, by_position(total, shares))
        assert all(Fraction(total, shares) * Fraction(4, 5) < each < Fraction(total, shares) for each in early)
        assert last > Fraction(total, shares)
    assert mean(chances(100, 5)) == Fraction(sum(range(40)) + 1, 40)


def test_twice_the_mean_is_never_drawn_and_the_lowest_comes_twice() -> None:
    """10 fen in 2 shares: 9 is the upper level; 0 and 1 both give 1."""
    law = chances(10, 2)
    assert bounds(10, 2) == (1, 9) and max(law) == 8
    assert law[1] == Fraction(2, 9) and {law[share] for share in range(2, 9)} == {Fraction(1, 9)}


def test_what_cannot_be_divided_has_no_law() -> None:
    """Too little, too much."""
    for left in ((2, 3), (40_001, 2)):
        with pytest.raises(ValueError, match="cannot be given out"):
            chances(*left)
