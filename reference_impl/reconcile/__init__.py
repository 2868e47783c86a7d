"""Reconciliations, one file each: idempotent, runnable at any time, each finds a difference and repairs it.

A file of NAMES has `reconcile(system, since_us, until_us) -> Report`, which repairs what was made between two moments,
and `count_missing(system, since_us, until_us)`, which only counts it.
"""

import importlib
from typing import Any, Final

NAMES: Final = (
    *("payments", "vouchers", "games", "awards", "merges", "withdrawals"),
    *("rain", "hour_1", "hour_2", "slices", "total"),
    *("lists", "cache", "cold"),
)
"""In the order they run: money first."""
HOURLY: Final = ("hour_1", "hour_2")
"""Those that look back so far that it is enough to run them when a pass starts from the beginning."""
COMPARING: Final = ("rain", *HOURLY)
"""Those that look at what others have done already: a second pair of eyes (B14)."""


def find(name: str) -> Any:
    """The module of a reconciliation."""
    return importlib.import_module(f"{__name__}.{name}")
