from typing import Any

import sqlalchemy as sa

from reference_impl.mutants import Mutant
from reference_impl.mutants.weather import stream_stumbles
from reference_impl.reconcile import lists
from reference_impl.reconcile.report import Report
from reference_impl.stores.list_tables import list_table
from reference_impl.system import System

_reconcile, _count_missing = lists.reconcile, lists.count_missing


def _newest_us(system: System) -> int:
    """The moment of the newest line that stands."""
    query = sa.select(sa.func.max(list_table(False).c.at_us))
    return int(system.lists.read(lambda connection: connection.execute(query).scalar()) or 0)


def _reconcile_from_there(system: System, since_us: int, until_us: int) -> Report:
    return _reconcile(system, max(since_us, _newest_us(system)), until_us)


def _count_from_there(system: System, since_us: int, until_us: int) -> Any:
    return _count_missing(system, max(since_us, _newest_us(system)), until_us)


def _plant() -> None:
    lists.reconcile = _reconcile_from_there
    lists.count_missing = _count_from_there


MUTANT = Mutant(
    name="lists_from_the_newest",
    caught_by="lists_agree",
    summary="lists are reconciled from their newest line on: what was opened while their stream was off is lost",
    seen_in="incremental copies that go on from MAX(updated_at) of their target",
    plant=_plant,
    weather=stream_stumbles,
    world="lists",
    row="W20",
)
