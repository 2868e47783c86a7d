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
    mean_fen = remaining_fen // remaining_shares
    upper = min(most_fen, remaining_fen - least_fen * (remaining_shares - 1), mean_fen * 2)
    return max(lower, draw % upper)


def _plant() -> None:
    packet.lucky_fen = lucky_fen


MUTANT = Mutant(
    name="divide_before_doubling",
    row="W15",
    caught_by="allocation_support",
    summary="the mean is rounded down before it is doubled: the largest share of many packets is never given",
    seen_in="demos with integer money: `totalMoney / leftPackage * 2`",
    plant=_plant,
    dies_in="proof",
)
