from reference_impl.domain import packet
from reference_impl.domain.allocation import MAX_SHARE_FEN, MIN_SHARE_FEN
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
    return remaining_fen // remaining_shares


def _plant() -> None:
    packet.lucky_fen = lucky_fen


MUTANT = Mutant(
    name="equal_in_disguise",
    row="W15",
    caught_by="allocation_support",
    summary="a lucky packet is divided equally: every share is legal and there is no luck",
    seen_in="a fallback to equal shares for lack of a random source, which nobody switches off again",
    plant=_plant,
    dies_in="proof",
)
