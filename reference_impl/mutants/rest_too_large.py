from reference_impl.domain import packet
from reference_impl.domain.allocation import MAX_SHARE_FEN, MIN_SHARE_FEN, upper_fen
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
    upper = upper_fen(remaining_fen, remaining_shares, least_fen, most_fen)
    return max(least_fen, draw % upper)


def _plant() -> None:
    packet.lucky_fen = lucky_fen


MUTANT = Mutant(
    name="rest_too_large",
    row="W15",
    caught_by="allocation_bounds",
    summary="the lower level is always the least share: what is left can be more than the others may take",
    seen_in="red-packet functions that raise the random number to one fen and have no lower level besides",
    plant=_plant,
    world="hot_packet",
)
