"""Aliases ↔ ledger: the money of an act_id that became an alias is where its person is now (B01, Money rule 9)."""

from reference_impl.reconcile.report import Report
from reference_impl.system import System
from reference_impl.wallet.identities import finish, unfinished


def reconcile(system: System, since_us: int, until_us: int) -> Report:
    """Move what a merge that was interrupted left behind."""
    if system.desk is None:
        return Report()
    merging = unfinished(system.desk)
    finish(system, system.desk, merging)
    return Report(len(merging), len(merging), len(merging))


def count_missing(system: System, since_us: int, until_us: int) -> int:
    """How many merges are not finished."""
    return 0 if system.desk is None else len(unfinished(system.desk))
