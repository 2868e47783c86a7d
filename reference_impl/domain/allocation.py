"""How a packet is divided (W15).

The document: a share is a random number modulo the upper level, raised to the lower level; the last share takes all.
The rounding of twice the mean is ours: downwards.
"""

from typing import Final

MAX_SHARE_FEN: Final = 20_000
"""200 yuan: no share is larger."""


def lower_fen(remaining_fen: int, remaining_shares: int) -> int:
    """The least this share may be, so that the others can take the rest at 200 yuan each."""
    return max(1, remaining_fen - MAX_SHARE_FEN * (remaining_shares - 1))


def upper_fen(remaining_fen: int, remaining_shares: int) -> int:
    """The level the random number is reduced by: everyone after gets a fen, and nobody more than twice the mean."""
    return min(MAX_SHARE_FEN, remaining_fen - (remaining_shares - 1), 2 * remaining_fen // remaining_shares)


def lucky_fen(remaining_fen: int, remaining_shares: int, draw: int) -> int:
    """The amount of the next share of a lucky packet; `draw` is a non-negative random integer.

    Needs `remaining_shares <= remaining_fen <= 20000 * remaining_shares`, and keeps it for what remains.
    """
    if remaining_shares == 1:
        return remaining_fen
    return max(lower_fen(remaining_fen, remaining_shares), draw % upper_fen(remaining_fen, remaining_shares))


def equal_fen(remaining_fen: int, remaining_shares: int) -> int:
    """The amount of every share of an equal packet, whose total its shares divide."""
    return remaining_fen // remaining_shares
