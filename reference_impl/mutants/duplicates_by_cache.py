import msgspec

from reference_impl.mutants import Mutant
from reference_impl.packets import crediting
from reference_impl.stores.layout import side
from reference_impl.stores.stream import Debt
from reference_impl.system import System

_credit = crediting.credit


def _marked_first(system: System, debt: Debt, tagged: bool) -> None:
    new = [v for v in debt.vouchers if system.cache.set(f"{side(tagged)}credited:{v.voucher}", 1, nx=True)]
    if new:
        _credit(system, msgspec.structs.replace(debt, vouchers=new), tagged)


def _plant() -> None:
    crediting.credit = _marked_first


MUTANT = Mutant(
    name="duplicates_by_cache",
    row="W06",
    caught_by="exactly_once_credit",
    summary="a mark in the cache, set before the money moves, tells duplicates: what fails is never credited",
    seen_in="consumers that deduplicate with SETNX and do not take the mark back when the handler fails",
    plant=_plant,
    world="credit",
)
