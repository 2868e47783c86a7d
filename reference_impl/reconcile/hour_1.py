"""Promises ↔ ledger, h+1: what was promised an hour ago, in scenes reconciled then, is credited once (B14)."""

from typing import Final

from reference_impl.reconcile import comparing
from reference_impl.reconcile.report import Report
from reference_impl.system import System

HOURS: Final = 1


def reconcile(system: System, since_us: int, until_us: int) -> Report:
    """Compare, credit what is lost where its scene compensates, and say what is wrong."""
    return comparing.hourly(system, "hour_1", HOURS, since_us, until_us)


def count_missing(system: System, since_us: int, until_us: int) -> int:
    """How many awards are to be repaired."""
    return comparing.count_lost(system, HOURS, since_us, until_us)
