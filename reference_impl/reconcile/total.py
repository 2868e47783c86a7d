"""Live total ↔ ledger: a Redis that says less than what is credited, or less than the other, is raised (B13).

Each is a lower bound of what was awarded, so that the highest of them is the best that is known, and nothing is added.
"""

from collections.abc import Iterator
from typing import NamedTuple

from reference_impl.domain.stages import LIVE
from reference_impl.ledger.awards import awarded_fen
from reference_impl.reconcile.report import Report
from reference_impl.system import System
from reference_impl.wallet.desk import Desk


class _Side(NamedTuple):
    desk: Desk
    tagged: bool
    floor_fen: int
    low: int
    """So many Redis say less than the floor."""


def reconcile(system: System, since_us: int, until_us: int) -> Report:
    """On full passes only: the ledger is summed up. Raises CacheError."""
    report = Report()
    for each in _sides(system) if since_us == 0 else ():
        if each.low:
            each.desk.total.raise_to(each.floor_fen, each.tagged)
        report += Report(1, each.low, each.low)
    return report


def count_missing(system: System, since_us: int, until_us: int) -> int:
    """How many Redis say less than they should."""
    return sum(each.low for each in _sides(system))


def _sides(system: System) -> Iterator[_Side]:
    desk = system.desk
    if desk is None or system.settings.total_plan == 1:
        return
    for tagged in system.sides():
        standing = desk.total.standing(tagged).values()
        floor_fen = max(awarded_fen(system.ledger, LIVE, tagged), *standing, 0)
        yield _Side(desk, tagged, floor_fen, sum(total_fen < floor_fen for total_fen in standing))
