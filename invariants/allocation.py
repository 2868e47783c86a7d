"""The allocation's bounds (mechanism W15): what the next share of a packet may be.

A lucky draw is a random number modulo the upper bound, raised to the lower bound; so the upper bound itself is never
drawn, unless both bounds meet. The statement of `allocation_bounds.sql` in plain Python.
"""

from typing import Final

SHARE_FEN_MAX: Final = 20_000


def divisible(total_fen: int, shares: int) -> bool:
    """Can a lucky packet of this total and this many shares be given out at all?"""
    return shares >= 1 and shares <= total_fen <= SHARE_FEN_MAX * shares


def bounds(left_fen: int, left_shares: int) -> tuple[int, int]:
    """(lower, upper) in fen of the next lucky share; with one share left both are all that is left.

    Raises ValueError where `left_fen` cannot be given out in `left_shares`.
    """
    if not divisible(left_fen, left_shares):
        raise ValueError(f"{left_fen} fen cannot be given out in {left_shares} shares")
    if left_shares == 1:
        return left_fen, left_fen
    lower = max(1, left_fen - SHARE_FEN_MAX * (left_shares - 1))
    upper = min(SHARE_FEN_MAX, left_fen - (left_shares - 1), 2 * left_fen // left_shares)
    return lower, upper


def legal(amount_fen: int, left_fen: int, left_shares: int) -> bool:
    """May the next lucky share be this amount: the lower bound, or above it and below the upper bound?"""
    lower, upper = bounds(left_fen, left_shares)
    return amount_fen == lower or lower < amount_fen < upper


def legal_equal(amount_fen: int, total_fen: int, shares: int) -> bool:
    """May a share of an equal packet be this amount?"""
    return amount_fen >= 1 and amount_fen * shares == total_fen
