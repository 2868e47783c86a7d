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
    upper = upper_fen(remaining_fen, remaining_shares, least_fen, most_fen)
    return max(least_fen, draw % upper)


def _plant() -> None:
    packet.lucky_fen = lucky_fen


MUTANT = Mutant(
    name="last_share_drawn",
    row="W15",
    caught_by="allocation_bounds",
    summary="the last share is drawn like the others and leaves money behind",
    seen_in="demos that loop over all shares and forget the case of one share left",
    plant=_plant,
    world="hot_packet",
)
