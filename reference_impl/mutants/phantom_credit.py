"""SQLite cannot show this: its one writer at a time makes a check and the insert after it a single step."""

from collections.abc import Iterable
from functools import cache

import sqlalchemy as sa

from reference_impl.ledger import books, ledger
from reference_impl.mutants import Mutant
from reference_impl.stores import layout
from reference_impl.stores.layout import LedgerTables

_ledger_tables = layout.ledger_tables


@cache
def _tables_without_unique_key(tagged: bool) -> LedgerTables:
    tables = _ledger_tables(tagged)
    columns = (sa.Column(c.name, c.type, nullable=c.nullable, index=c.primary_key) for c in tables.entries.columns)
    entries = sa.Table(tables.entries.name, sa.MetaData(), *columns, mysql_engine="InnoDB", mysql_charset="ascii")
    return tables._replace(entries=entries)


def _lock_what_is_not_there(connection: sa.Connection, tables: LedgerTables, keys: Iterable[str]) -> dict[str, str]:
    entries = tables.entries
    locked = sa.select(entries.c.entry, entries.c.body).where(entries.c.entry.in_(list(keys))).with_for_update()
    return {row.entry: row.body for row in connection.execute(locked)}


def _plant() -> None:
    layout.ledger_tables = ledger.ledger_tables = _tables_without_unique_key
    books.standing_entries = _lock_what_is_not_there


MUTANT = Mutant(
    name="phantom_credit",
    row="W06",
    caught_by="exactly_once_credit",
    summary="SELECT FOR UPDATE stands in for a unique key: at READ COMMITTED no gap is locked, and two insert the same",
    seen_in="'lock, check, insert' code written against REPEATABLE READ and run under READ COMMITTED",
    plant=_plant,
    dies_in="innodb",
    world="credit",
)
