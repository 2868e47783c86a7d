"""The allocation's bounds (mechanism W15): what the next share of a packet may be.

A lucky draw is a random number modulo the upper bound, raised to the lower bound; so the upper bound itself is never
drawn, unless both bounds meet. The statement of `allocation_bounds.sql` in plain Python, for any least and most share.
"""

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from random import Random
from typing import Final

SHARE_FEN_MIN: Final = 1
SHARE_FEN_MAX: Final = 20_000


@dataclass(frozen=True)
class Allocation:
    """A function to be judged: `(remaining_fen, remaining_shares, draw)`, and where it has them `least_fen, most_fen`,
    gives the next share in fen; `draw` is a non-negative random integer.

    `caught_by`: for a planted bug, what must report it; the clean function has none.
    """

    name: str
    function: Callable[..., int]
    caught_by: str = ""

    @cached_property
    def limited(self) -> bool:
        """Does the function take the least and the most share as arguments?"""
        return {"least_fen", "most_fen"} <= set(inspect.signature(self.function).parameters)

    def share(self, left_fen: int, left_shares: int, draw: int, least_fen: int, most_fen: int) -> int:
        """What the function gives; one that takes no limits is given none."""
        if self.limited:
            return self.function(left_fen, left_shares, draw, least_fen=least_fen, most_fen=most_fen)
        return self.function(left_fen, left_shares, draw)


@dataclass(frozen=True)
class Split:
    """A function that divides a whole packet at once: `(total_fen, shares, random)` gives all shares in fen, in order;
    `random` is a seeded `random.Random`.
    """

    name: str
    function: Callable[[int, int, Random], Sequence[int]]
    caught_by: str = ""


def divisible(total_fen: int, shares: int, least_fen: int = SHARE_FEN_MIN, most_fen: int = SHARE_FEN_MAX) -> bool:
    """Can a lucky packet of this total and this many shares be given out at all?"""
    return shares >= 1 and shares * least_fen <= total_fen <= most_fen * shares


def bounds(
    left_fen: int, left_shares: int, least_fen: int = SHARE_FEN_MIN, most_fen: int = SHARE_FEN_MAX
) -> tuple[int, int]:
    """(lower, upper) in fen of the next lucky share; with one share left both are all that is left.

    Raises ValueError where `left_fen` cannot be given out in `left_shares`.
    """
    if not divisible(left_fen, left_shares, least_fen, most_fen):
        raise ValueError(f"{left_fen} fen cannot be given out in {left_shares} shares")
    if left_shares == 1:
        return left_fen, left_fen
    lower = max(least_fen, left_fen - most_fen * (left_shares - 1))
    upper = min(most_fen, left_fen - least_fen * (left_shares - 1), 2 * left_fen // left_shares)
    return lower, upper


def legal(
    amount_fen: int,
    left_fen: int,
    left_shares: int,
    least_fen: int = SHARE_FEN_MIN,
    most_fen: int = SHARE_FEN_MAX,
) -> bool:
    """May the next lucky share be this amount: the lower bound, or above it and below the upper bound?"""
    lower, upper = bounds(left_fen, left_shares, least_fen, most_fen)
    return amount_fen == lower or lower < amount_fen < upper


def legal_equal(amount_fen: int, total_fen: int, shares: int) -> bool:
    """May a share of an equal packet be this amount?"""
    return amount_fen >= 1 and amount_fen * shares == total_fen
