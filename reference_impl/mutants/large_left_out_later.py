"""W19: a batch credits what was opened, and believes nobody who says that it was done."""

from reference_impl.domain.packet import Voucher
from reference_impl.mutants import Mutant
from reference_impl.reconcile import vouchers
from reference_impl.system import System

_missing = vouchers._missing


def _small_ones(system: System, owed: list[tuple[Voucher, int]], tagged: bool) -> list[tuple[Voucher, int]]:
    large_fen = 20
    return [made for made in _missing(system, owed, tagged) if made[0].amount_fen < large_fen]


def _plant() -> None:
    vouchers._missing = _small_ones


MUTANT = Mutant(
    name="large_left_out_later",
    caught_by="exactly_once_credit",
    summary="the batch leaves out what is large, which its open is believed to have credited: nobody has",
    seen_in="batches whose selection assumes the mode that was in force when they were written",
    plant=_plant,
    world="credit_levels",
    row="W19",
)
