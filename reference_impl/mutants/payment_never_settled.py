from typing import Any

from reference_impl.mutants import Mutant
from reference_impl.reconcile import payments
from reference_impl.reconcile.report import Report


def _plant() -> None:
    def nothing_found(*_: Any) -> Report:
        return Report()

    def nothing_missing(*_: Any) -> int:
        return 0

    payments.reconcile = nothing_found
    payments.count_missing = nothing_missing


MUTANT = Mutant(
    name="payment_never_settled",
    row="W05",
    caught_by="packet_funded_once",
    summary="after a crash between money and packet the money stays in escrow for ever",
    seen_in="payments that reserve first and release in an exception handler, which does not run when the process dies",
    plant=_plant,
    world="late_payment",
)
