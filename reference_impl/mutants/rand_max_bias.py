from reference_impl.domain import packet
from reference_impl.domain.allocation import lower_fen, upper_fen
from reference_impl.mutants import Mutant


def lucky_fen(remaining_fen: int, remaining_shares: int, draw: int) -> int:
    if remaining_shares == 1:
        return remaining_fen
    upper = upper_fen(remaining_fen, remaining_shares)
    return max(lower_fen(remaining_fen, remaining_shares), draw % 32768 % upper)


def _plant() -> None:
    packet.lucky_fen = lucky_fen


MUTANT = Mutant(
    name="rand_max_bias",
    row="W15",
    caught_by="allocation_oracle",
    summary="the random source has 15 bits: large packets favour their small shares",
    seen_in="C and PHP code on `rand() % max` where RAND_MAX is 32767",
    plant=_plant,
    dies_in="proof",
)
