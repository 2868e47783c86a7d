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
    upper = min(most_fen, remaining_fen - least_fen * (remaining_shares - 1))
    return max(lower, draw % upper)


def _plant() -> None:
    packet.lucky_fen = lucky_fen


MUTANT = Mutant(
    name="first_takes_most",
    row="W15",
    caught_by="allocation_bounds",
    summary="the upper level leaves everyone a fen and forgets twice the mean: who comes first takes most",
    seen_in="demos that draw from all the money but a cent a head: `0.01 + Math.random() * (remain - 0.01 * count)`",
    plant=_plant,
    world="hot_packet",
)
