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
    upper = min(most_fen, 2 * remaining_fen // remaining_shares)
    return max(lower, draw % upper)


def _plant() -> None:
    packet.lucky_fen = lucky_fen


MUTANT = Mutant(
    name="reserve_forgotten",
    row="W15",
    caught_by="allocation_bounds",
    summary="twice the mean is the only upper level: nothing is kept back for those who come after",
    seen_in="double-mean demos, which rely on the mean to leave enough for everyone",
    plant=_plant,
    world="hot_packet",
)
