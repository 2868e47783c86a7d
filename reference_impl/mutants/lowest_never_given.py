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
    room = upper - lower - 1
    return lower + 1 + draw % room if room > 0 else lower


def _plant() -> None:
    packet.lucky_fen = lucky_fen


MUTANT = Mutant(
    name="lowest_never_given",
    row="W15",
    caught_by="allocation_support",
    summary="the range starts one above the lower level: nobody ever gets one fen",
    seen_in="`nextInt(max - min) + min + 1`, written for a range that excludes its start",
    plant=_plant,
    dies_in="proof",
)
