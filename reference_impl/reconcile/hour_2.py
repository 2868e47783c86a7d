"""Promises ↔ ledger, h+2: what was promised two hours ago, in scenes reconciled then, is credited once (B14)."""

from typing import Final

from reference_impl.reconcile import comparing
from reference_impl.reconcile.report import Report
from reference_impl.system import System

HOURS: Final = 2


def reconcile(system: System, since_us: int, until_us: int) -> Report:
    """Compare, credit what is lost where its scene compensates, and say what is wrong."""
    return comparing.hourly(system, "hour_2", HOURS, since_us, until_us)


def count_missing(system: System, since_us: int, until_us: int) -> int:
    """How many awards are to be repaired."""
    return comparing.count_lost(system, HOURS, since_us, until_us)
