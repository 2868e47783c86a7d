"""Part of some mutants: the system has no reconciliation between vouchers and ledger, and says nothing is under way."""

from typing import Any

from reference_impl.reconcile import vouchers
from reference_impl.reconcile.report import Report


def never_reconciled() -> None:
    def nothing_found(*_: Any) -> Report:
        return Report()

    def nothing_missing(*_: Any) -> int:
        return 0

    vouchers.reconcile = nothing_found
    vouchers.count_missing = nothing_missing
