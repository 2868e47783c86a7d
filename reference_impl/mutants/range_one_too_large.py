from reference_impl.domain import packet
from reference_impl.domain.allocation import MAX_SHARE_FEN, MIN_SHARE_FEN, lower_fen, upper_fen
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
    upper = upper_fen(remaining_fen, remaining_shares, least_fen, most_fen)
    return max(lower, draw % (upper + 1))


def _plant() -> None:
    packet.lucky_fen = lucky_fen


MUTANT = Mutant(
    name="range_one_too_large",
    row="W15",
    caught_by="allocation_bounds",
    summary="the random number may be the upper level itself",
    seen_in="`randint(low, high)` used where `randrange` was meant: the end of the range is drawn too",
    plant=_plant,
    world="hot_packet",
)
