from reference_impl.domain import allocation, packet
from reference_impl.mutants import Mutant


def lucky_fen(remaining_fen: int, remaining_shares: int, draw: int) -> int:
    if remaining_shares == 1:
        return remaining_fen
    return draw % allocation.upper_fen(remaining_fen, remaining_shares)


def _plant() -> None:
    packet.lucky_fen = lucky_fen


MUTANT = Mutant(
    name="mod_without_floor",
    row="W15",
    caught_by="allocation_bounds",
    summary="the random share is reduced by the upper level and not raised to the lower: a share of nothing",
    seen_in="red-packet functions that end with `rand() % max`",
    plant=_plant,
)
