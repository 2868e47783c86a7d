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
    return max(lower, min(upper - 1, draw % remaining_fen))


def _plant() -> None:
    packet.lucky_fen = lucky_fen


MUTANT = Mutant(
    name="clamped_to_upper",
    row="W15",
    caught_by="allocation_oracle",
    summary="drawn from all that is left and cut to the upper level: most first shares are the largest there can be",
    seen_in="demos that draw first and then write `if (money > max) money = max`",
    plant=_plant,
    dies_in="proof",
)
