"""Mutants in which nothing compares two of the system's stores, and nothing is said to be under way."""

from typing import Any

from reference_impl.reconcile.report import Report


def never_reconciled(reconciliation: Any) -> None:
    """Blind one of the modules of reference_impl/reconcile."""

    def nothing_found(*_: Any) -> Report:
        return Report()

    def nothing_missing(*_: Any) -> int:
        return 0

    reconciliation.reconcile = nothing_found
    reconciliation.count_missing = nothing_missing
