"""The exact law of a lucky packet (W15), by dynamic programming over what is left; all chances are fractions.

A draw is uniform over whole periods of whatever it is reduced by.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator, Mapping
from fractions import Fraction
from typing import TypeVar

from invariants.allocation import SHARE_FEN_MAX, SHARE_FEN_MIN, bounds

Outcome = TypeVar("Outcome", bound=Hashable)
Law = Mapping[Outcome, Fraction]
"""The chance of each outcome; they sum to 1."""

ShareLaw = Callable[[int, int, int, int], Law[int]]
"""(left_fen, left_shares, least_fen, most_fen) → the law of the next share."""


def chances(left_fen: int, left_shares: int, least_fen: int = SHARE_FEN_MIN, most_fen: int = SHARE_FEN_MAX) -> Law[int]:
    """The law of the next share. All numbers below the upper level are equally likely; those up to the lower level give
    the lower level. ValueError where nothing can be given out.
    """
    lower, upper = bounds(left_fen, left_shares, least_fen, most_fen)
    if left_shares == 1:
        return {lower: Fraction(1)}
    raised = min(lower + 1, upper)
    return {lower: Fraction(raised, upper)} | {share: Fraction(1, upper) for share in range(lower + 1, upper)}


def by_position(
    total_fen: int,
    shares: int,
    least_fen: int = SHARE_FEN_MIN,
    most_fen: int = SHARE_FEN_MAX,
    law: ShareLaw = chances,
) -> Iterator[Law[int]]:
    """The law of the first share of a packet, of the second, to the last.

    Takes about total_fen * shares * mean steps: for packets of some hundred fen.
    """
    left: Law[int] = {total_fen: Fraction(1)}
    for left_shares in range(shares, 0, -1):
        given: dict[int, Fraction] = defaultdict(Fraction)
        after: dict[int, Fraction] = defaultdict(Fraction)
        for left_fen, chance in left.items():
            for share, portion in law(left_fen, left_shares, least_fen, most_fen).items():
                given[share] += chance * portion
                after[left_fen - share] += chance * portion
        yield dict(given)
        left = after


def packets(
    total_fen: int, shares: int, least_fen: int = SHARE_FEN_MIN, most_fen: int = SHARE_FEN_MAX
) -> Law[tuple[int, ...]]:
    """The law of a whole packet, all its shares in order; for packets of a few fen."""
    if shares == 0:
        return {(): Fraction(1)}
    return {
        (share, *rest): chance * portion
        for share, chance in chances(total_fen, shares, least_fen, most_fen).items()
        for rest, portion in packets(total_fen - share, shares - 1, least_fen, most_fen).items()
    }
