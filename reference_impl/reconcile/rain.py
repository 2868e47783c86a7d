"""Ledger ↔ promises, near-real-time: rain's credits are checked back, seconds after, against orders and tokens, and
what our own games give against the games' own record (B14).

It repairs nothing, for what was credited is credited: it finds, counts and shows.
"""

from typing import Final

from reference_impl.reconcile import comparing, recorded
from reference_impl.reconcile.report import Report
from reference_impl.system import System

NAME: Final = "rain"


def reconcile(system: System, since_us: int, until_us: int) -> Report:
    """Check every credit made, and every play recorded, between two moments."""
    return comparing.credited_since(system, NAME, since_us, until_us) + recorded.checked(
        system, NAME, since_us, until_us
    )


def count_missing(_system: System, _since_us: int, _until_us: int) -> int:
    """Nobody waits for it."""
    return 0
