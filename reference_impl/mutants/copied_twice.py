from functools import cache
from typing import Any

import sqlalchemy as sa

from reference_impl.mutants import Mutant
from reference_impl.packets import cold_rows
from reference_impl.stores import cold_tables
from reference_impl.stores.layout import OrderTables

_packet_tables = cold_tables.packet_tables


@cache
def _tables_without_keys(prefix: str, suffix: str) -> OrderTables:
    return OrderTables(*(_without_keys(table) for table in _packet_tables(prefix, suffix)))


def _without_keys(table: sa.Table) -> sa.Table:
    columns = [sa.Column(column.name, column.type, nullable=False) for column in table.c]
    return sa.Table(table.name, sa.MetaData(), *columns)


def _never_standing(*_: Any) -> set[str]:
    return set()


def _plant() -> None:
    cold_tables.packet_tables = _tables_without_keys
    cold_tables.cold_tables.cache_clear()
    cold_rows.standing = _never_standing


MUTANT = Mutant(
    name="copied_twice",
    caught_by="hot_cold_once",
    summary="the cold store has no keys, and a migration that begins again copies what it has copied once more (W14)",
    seen_in="archives that are append-only tables or files, filled by a job that is at-least-once",
    plant=_plant,
    world="day_rotation",
    row="W14",
)
