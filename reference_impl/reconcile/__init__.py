"""Reconciliations, one file each: idempotent, runnable at any time, each finds a difference and repairs it.

A file of NAMES has `reconcile(system, since_us, until_us) -> Report`, which repairs what was made between two moments,
and `count_missing(system, since_us, until_us)`, which only counts it.
"""

import importlib
from typing import Any, Final

NAMES: Final = ("payments", "vouchers", "awards", "merges", "withdrawals", "slices", "lists", "cache", "cold")
"""In the order they run: money first."""


def find(name: str) -> Any:
    """The module of a reconciliation."""
    return importlib.import_module(f"{__name__}.{name}")
