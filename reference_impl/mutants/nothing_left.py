from reference_impl.domain import packet
from reference_impl.domain.allocation import MAX_SHARE_FEN
from reference_impl.mutants import Mutant


def lucky_fen(remaining_fen: int, remaining_shares: int, draw: int) -> int:
    if remaining_shares == 1:
        return remaining_fen
    return draw % min(MAX_SHARE_FEN, remaining_fen // remaining_shares * 2) + 1


def _plant() -> None:
    packet.lucky_fen = lucky_fen


MUTANT = Mutant(
    name="nothing_left",
    row="W15",
    caught_by="allocation_bounds",
    summary="one to twice the mean, both drawn: two shares can be all there is, and the next divides by nothing",
    seen_in="a Go demo: `max := remainMoney / remainCount * 2; rand.Intn(max) + 1`, which panics",
    plant=_plant,
    world="hot_packet",
)
