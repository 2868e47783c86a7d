"""Part of some mutants: the system has no reconciliation between two of its stores, and says nothing is under way."""

from typing import Any

from reference_impl.reconcile import cache, vouchers
from reference_impl.reconcile.report import Report


def never_reconciled() -> None:
    """Between vouchers and ledger."""
    _blind(vouchers)


def cache_never_reconciled() -> None:
    """Between orders and cache."""
    _blind(cache)


def _blind(reconciliation: Any) -> None:
    def nothing_found(*_: Any) -> Report:
        return Report()

    def nothing_missing(*_: Any) -> int:
        return 0

    reconciliation.reconcile = nothing_found
    reconciliation.count_missing = nothing_missing
