"""How many violations each invariant finds in a small world, in milliseconds and nothing else.

A simulator asks this of every schedule and its shrinker of every attempt, thousands of times. For a hundred rows an
analytical engine spends all its time on planning, so the very same SQL runs on SQLite in memory: about 60 times as
fast, and a second engine that has to agree with the first.
"""

import sqlite3
import threading
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import duckdb

from invariants.registry import INVARIANTS, Invariant
from invariants.schema import EVIDENCE, HISTORY

Rows = Mapping[str, Sequence[Sequence[Any]]]

ROWS_MAX: Final = 4_000
"""A table with more rows is DuckDB's business."""

_TABLES: Final = {"history": HISTORY, **EVIDENCE}
_SPEAKS: Final = sqlite3.sqlite_version_info >= (3, 39)  # IS DISTINCT FROM and FULL OUTER JOIN
_COLUMNS: Final = {table: ", ".join(f'"{name}"' for name in columns) for table, columns in _TABLES.items()}
_CREATE: Final = [
    f"CREATE TABLE {table} (" + ", ".join(f'"{name}" {kind}' for name, kind in columns.items()) + ")"
    for table, columns in _TABLES.items()
]
_INSERT: Final = {
    table: f"INSERT INTO {table} VALUES (" + ", ".join("?" * len(columns)) + ")" for table, columns in _TABLES.items()
}
_own: Final = threading.local()


def accusations(connection: duckdb.DuckDBPyConnection, names: Iterable[str]) -> dict[str, int]:
    """Violations of each named invariant in the tables of `connection`, without witnesses, canary or doubts.

    A needed table or column that is not there is duckdb's error; use `judge` for a verdict.
    """
    chosen = [INVARIANTS[name] for name in names]
    rows = {
        table: connection.execute(f"SELECT {_COLUMNS[table]} FROM {table}").fetchmany(ROWS_MAX + 1)
        for table in _needed(chosen)
    }
    if _SPEAKS and all(len(found) <= ROWS_MAX for found in rows.values()):
        return _among(rows, chosen)
    return {invariant.name: _count(connection, invariant) for invariant in chosen}


def accusations_among(rows: Rows, names: Iterable[str]) -> dict[str, int]:
    """The same over plain rows: table to rows, each with the values of the canonical columns in their order.

    Needs SQLite 3.39. A needed table that is not there is a KeyError.
    """
    return _among(rows, [INVARIANTS[name] for name in names])


def _among(rows: Rows, chosen: list[Invariant]) -> dict[str, int]:
    connection = _connection()
    connection.execute("BEGIN")
    try:
        for table in _needed(chosen):
            connection.executemany(_INSERT[table], rows[table])
        return {invariant.name: _count(connection, invariant) for invariant in chosen}
    finally:
        connection.execute("ROLLBACK")


def _needed(chosen: list[Invariant]) -> list[str]:
    return list(dict.fromkeys(table for invariant in chosen for table in invariant.needs))


def _count(connection: duckdb.DuckDBPyConnection | sqlite3.Connection, invariant: Invariant) -> int:
    found = connection.execute(f"SELECT COUNT(*) FROM ({invariant.violations}) AS v").fetchone()
    return int(found[0]) if found else 0


def _connection() -> sqlite3.Connection:
    """This thread's own canonical tables, empty; statements stay prepared from one call to the next."""
    if not hasattr(_own, "connection"):
        _own.connection = sqlite3.connect(":memory:", isolation_level=None, cached_statements=4 * len(INVARIANTS))
        for create in _CREATE:
            _own.connection.execute(create)
    connection: sqlite3.Connection = _own.connection
    return connection
