from reference_impl.domain import packet
from reference_impl.domain.allocation import lower_fen, upper_fen
from reference_impl.mutants import Mutant


def lucky_fen(remaining_fen: int, remaining_shares: int, draw: int) -> int:
    if remaining_shares == 1:
        return remaining_fen
    doubled_fen = 2 * remaining_fen % 2**32
    upper = min(upper_fen(remaining_fen, remaining_shares), doubled_fen // remaining_shares)
    return max(lower_fen(remaining_fen, remaining_shares), draw % upper)


def _plant() -> None:
    packet.lucky_fen = lucky_fen


MUTANT = Mutant(
    name="doubled_in_32_bits",
    row="W15",
    caught_by="allocation_certificate",
    summary="twice the remainder is reckoned in 32 bits: from 2^31 fen on the upper level falls to nothing",
    seen_in="money in fen as a C `unsigned int`, doubled before it is divided",
    plant=_plant,
    dies_in="proof",
)
