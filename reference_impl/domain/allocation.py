"""How a packet is divided (W15).

The document: a share is a random number modulo the upper level, raised to the lower level; the last share takes all.
The rounding of twice the mean is ours: downwards.
"""

from typing import Final

MIN_SHARE_FEN: Final = 1
"""A fen: no share is smaller."""

MAX_SHARE_FEN: Final = 20_000
"""200 yuan: no share is larger."""


def lower_fen(
    remaining_fen: int, remaining_shares: int, least_fen: int = MIN_SHARE_FEN, most_fen: int = MAX_SHARE_FEN
) -> int:
    """The least this share may be, so that the others can take the rest at `most_fen` each."""
    return max(least_fen, remaining_fen - most_fen * (remaining_shares - 1))


def upper_fen(
    remaining_fen: int, remaining_shares: int, least_fen: int = MIN_SHARE_FEN, most_fen: int = MAX_SHARE_FEN
) -> int:
    """The level the random number is reduced by: everyone after gets `least_fen`, nobody more than twice the mean."""
    return min(most_fen, remaining_fen - least_fen * (remaining_shares - 1), 2 * remaining_fen // remaining_shares)


def lucky_fen(
    remaining_fen: int,
    remaining_shares: int,
    draw: int,
    least_fen: int = MIN_SHARE_FEN,
    most_fen: int = MAX_SHARE_FEN,
) -> int:
    """The amount of the next share of a lucky packet; `draw` is a non-negative random integer.

    Needs `least_fen * remaining_shares <= remaining_fen <= most_fen * remaining_shares`, and keeps it for what remains.
    """
    if remaining_shares == 1:
        return remaining_fen
    lower = lower_fen(remaining_fen, remaining_shares, least_fen, most_fen)
    drawn = draw % upper_fen(remaining_fen, remaining_shares, least_fen, most_fen)
    return drawn if drawn > lower else lower


def equal_fen(remaining_fen: int, remaining_shares: int) -> int:
    """The amount of every share of an equal packet, whose total its shares divide."""
    return remaining_fen // remaining_shares
