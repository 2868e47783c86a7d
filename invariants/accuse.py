"""Small worlds, judged on SQLite in memory.

For a hundred rows an analytical engine spends all its time on planning; the very same SQL runs on SQLite in a fraction
of a millisecond, and a second engine has to agree with the first. A simulator asks `accusations_among` of every
schedule and its shrinker of every attempt; the judge takes a small night's verdicts from here, canaries included.
"""

import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

import duckdb

from invariants.registry import INVARIANTS, Invariant
from invariants.schema import EVIDENCE, HISTORY

Row = dict[str, Any]
Rows = Mapping[str, Sequence[Sequence[Any]]]

ROWS_MAX: Final = 2_000
"""A table with more rows is DuckDB's business."""

_TABLES: Final = {"history": HISTORY, **EVIDENCE}
_SPEAKS: Final = sqlite3.sqlite_version_info >= (3, 39)  # IS DISTINCT FROM and FULL OUTER JOIN
_CREATE: Final = [
    f"CREATE TABLE {table} (" + ", ".join(f'"{name}" {kind}' for name, kind in columns.items()) + ")"
    for table, columns in _TABLES.items()
]
_INSERT: Final = {
    table: f"INSERT INTO {table} VALUES (" + ", ".join("?" * len(columns)) + ")" for table, columns in _TABLES.items()
}
_own: Final = threading.local()


class TooMuch(Exception):
    """There are too many rows for SQLite, or this one is too old for our SQL."""


def accusations(connection: duckdb.DuckDBPyConnection, names: Iterable[str]) -> dict[str, int]:
    """Violations of each named invariant in the tables of `connection`, without witnesses, canary or doubts.

    A needed table or column that is not there is duckdb's error; use `judge` for a verdict.
    """
    chosen = [INVARIANTS[name] for name in names]
    try:
        rows = _few_rows(connection, {table: list(_TABLES[table]) for table in _needed(chosen)})
    except TooMuch:
        return {invariant.name: _count(connection, invariant) for invariant in chosen}
    return _among(rows, chosen)


def accusations_among(rows: Rows, names: Iterable[str]) -> dict[str, int]:
    """The same over plain rows: table to rows, each with the values of the canonical columns in their order.

    Needs SQLite 3.39. A needed table that is not there is a KeyError.
    """
    return _among(rows, [INVARIANTS[name] for name in names])


@contextmanager
def small_world(connection: duckdb.DuckDBPyConnection, columns: Mapping[str, Iterable[str]]) -> Iterator["SmallWorld"]:
    """These tables of `connection`, which has these columns of them, for as long as the context lasts; or TooMuch."""
    rows = _few_rows(connection, columns)
    with _filled(rows) as database:
        yield SmallWorld(database, rows)


class SmallWorld:
    """Answers queries about few rows; nothing that is planted stays."""

    def __init__(self, database: sqlite3.Connection, rows: Rows) -> None:
        self._database = database
        self._rows = rows

    def supplied(self, table: str, columns: Iterable[str]) -> set[str]:
        """Those of the columns that some row of the table fills; all of an empty table."""
        places = {name: place for place, name in enumerate(_TABLES[table])}
        rows = self._rows[table]
        return {name for name in columns if not rows or any(row[places[name]] is not None for row in rows)}

    def columns(self, query: str) -> list[str]:
        """The names of the columns that a query gives."""
        cursor = self._database.execute(f"SELECT * FROM ({query}) AS q LIMIT 0")
        return [column[0] for column in cursor.description]

    def rows(self, query: str) -> list[Row]:
        """What a query finds."""
        cursor = self._database.execute(query)
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def rings(self, invariant: Invariant) -> bool:
        """Plant the invariant's known violation; does the invariant name it?"""
        self._database.execute("SAVEPOINT canary")
        try:
            for statement in invariant.canary.split(";"):
                self._database.execute(statement)
            return bool(self.rows(invariant.alarm)[0]["rings"])
        finally:
            self._database.execute("ROLLBACK TO canary")
            self._database.execute("RELEASE canary")


def _few_rows(connection: duckdb.DuckDBPyConnection, columns: Mapping[str, Iterable[str]]) -> Rows:
    """The rows of these tables; canonical columns that a table has not are None. TooMuch: see there."""
    if not _SPEAKS:
        raise TooMuch
    rows: dict[str, Sequence[Sequence[Any]]] = {}
    for table, known in columns.items():
        selected = ", ".join(f'"{name}"' if name in known else "NULL" for name in _TABLES[table])
        rows[table] = connection.execute(f"SELECT {selected} FROM {table}").fetchmany(ROWS_MAX + 1)
        if len(rows[table]) > ROWS_MAX:
            raise TooMuch
    return rows


def _among(rows: Rows, chosen: list[Invariant]) -> dict[str, int]:
    with _filled({table: rows[table] for table in _needed(chosen)}) as database:
        return {invariant.name: _count(database, invariant) for invariant in chosen}


@contextmanager
def _filled(rows: Rows) -> Iterator[sqlite3.Connection]:
    """This thread's database with these rows in its tables; nothing of it stays."""
    database = _database()
    database.execute("BEGIN")
    try:
        for table, found in rows.items():
            database.executemany(_INSERT[table], found)
        yield database
    finally:
        database.execute("ROLLBACK")


def _needed(chosen: list[Invariant]) -> list[str]:
    return list(dict.fromkeys(table for invariant in chosen for table in invariant.needs))


def _count(connection: duckdb.DuckDBPyConnection | sqlite3.Connection, invariant: Invariant) -> int:
    found = connection.execute(f"SELECT COUNT(*) FROM ({invariant.violations}) AS v").fetchone()
    return int(found[0]) if found else 0


def _database() -> sqlite3.Connection:
    """This thread's own canonical tables, empty; statements stay prepared from one world to the next."""
    if not hasattr(_own, "database"):
        _own.database = sqlite3.connect(":memory:", isolation_level=None, cached_statements=16 * len(INVARIANTS))
        for create in _CREATE:
            _own.database.execute(create)
    database: sqlite3.Connection = _own.database
    return database
