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
    return lower + draw % max(1, upper - lower)


def _plant() -> None:
    packet.lucky_fen = lucky_fen


MUTANT = Mutant(
    name="uniform_from_lower",
    row="W15",
    caught_by="allocation_oracle",
    summary="uniform from the lower level, and not raised to it: the lowest share comes half as often",
    seen_in="rewrites as `randrange(lower, upper)`, which reads as the same thing",
    plant=_plant,
    dies_in="proof",
)
