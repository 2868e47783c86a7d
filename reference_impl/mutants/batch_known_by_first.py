"""W06: a batch is a duplicate only voucher by voucher."""

from reference_impl.mutants import Mutant
from reference_impl.packets import crediting
from reference_impl.stores.stream import Debt
from reference_impl.system import System

_credit = crediting.credit


def _unless_the_first_stands(system: System, debt: Debt, tagged: bool) -> int:
    if system.ledger.credited(debt.vouchers[:1], tagged):
        return 0
    return _credit(system, debt, tagged)


def _plant() -> None:
    crediting.credit = _unless_the_first_stands


MUTANT = Mutant(
    name="batch_known_by_first",
    caught_by="exactly_once_credit",
    summary="a batch whose first voucher is credited counts as delivered: what a crash left undone of it is lost",
    seen_in="consumers that deduplicate a message by one of its parts, and whose parts are not one transaction",
    plant=_plant,
    beside="lost_stream_write",
    world="credit_batches",
    row="W06",
)
