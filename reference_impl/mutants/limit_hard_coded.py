from reference_impl.domain import packet
from reference_impl.domain.allocation import MAX_SHARE_FEN, MIN_SHARE_FEN, lower_fen
from reference_impl.mutants import Mutant


def lucky_fen(
    remaining_fen: int,
    remaining_shares: int,
    draw: int,
    least_fen: int = MIN_SHARE_FEN,
    most_fen: int = MAX_SHARE_FEN,
) -> int:
    if remaining_shares == 1:
        return remaining_fen
    lower = lower_fen(remaining_fen, remaining_shares, least_fen, most_fen)
    upper = min(MAX_SHARE_FEN, remaining_fen - (remaining_shares - 1), 2 * remaining_fen // remaining_shares)
    return max(lower, draw % upper)


def _plant() -> None:
    packet.lucky_fen = lucky_fen


MUTANT = Mutant(
    name="limit_hard_coded",
    row="W15",
    caught_by="allocation_certificate",
    summary="the limits became arguments, and the upper level still has a fen and 200 yuan written into it",
    seen_in="limits that were made configurable everywhere but in one place",
    plant=_plant,
    dies_in="proof",
)
