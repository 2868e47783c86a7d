"""Nights of any size, judged on DuckDB where the evidence is.

What several invariants read is made a table once. The canaries are planted in a database of their own, beside a few
rows of the evidence, so that planting cannot touch what is judged and costs the same at 10^3 and at 10^7 operations.
"""

from collections.abc import Iterable
from functools import cached_property
from typing import Any, Final

import duckdb

from invariants.registry import SHARED, Invariant, drawing_on, shared
from invariants.schema import EVIDENCE, HISTORY
from invariants.sheets import is_sheet, lines_in_doubt

Row = dict[str, Any]

_SLICE_ROWS: Final = 500
_TABLES: Final = {"history": HISTORY, **EVIDENCE}


class LargeWorld:
    """Answers queries about the tables of a connection; `close` leaves it as it was."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        found = connection.execute("SELECT table_name FROM information_schema.tables").fetchall()
        self.tables = frozenset(row[0] for row in found)
        self._connection = connection
        self._supplied: dict[tuple[str, str], bool] = {}
        self._shared: dict[str, str] = {}
        self._sliced: set[str] = set()

    def close(self) -> None:
        """Drop what was made."""
        for table in self._shared.values():
            self._connection.execute(f"DROP TABLE {table}")
        if "_bench" in self.__dict__:
            self._bench.close()

    def supplied(self, table: str, columns: Iterable[str]) -> set[str]:
        """Those of the columns that some row of the table fills; all of an empty table."""
        return {name for name in columns if self._is_supplied(table, name)}

    def columns(self, query: str) -> list[str]:
        """The names of the columns that a query gives."""
        return [name for name, *_ in self._connection.execute(f"DESCRIBE {self._drawing(query)}").fetchall()]

    def rows(self, query: str) -> list[Row]:
        """What a query finds."""
        cursor = self._connection.execute(self._drawing(query))
        names = [column[0] for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def rings(self, invariant: Invariant) -> bool:
        """Plant the invariant's known violation beside a slice of the evidence; does the invariant name it?"""
        for table in invariant.needs:
            self._slice(table)
        self._bench.begin()
        try:
            self._bench.execute(invariant.canary)
            found = self._bench.execute(invariant.alarm).fetchone()
        finally:
            self._bench.rollback()
        return found is not None and found[0] > 0

    def _is_supplied(self, table: str, column: str) -> bool:
        at = (table, column)
        if at not in self._supplied:
            self._supplied[at] = column in self.columns(f"FROM {table}") and (
                self._any(f'FROM {table} WHERE "{column}" IS NOT NULL') or not self._any(f"FROM {table}")
            )
        return self._supplied[at]

    def _any(self, rows: str) -> bool:
        return bool(self._connection.execute(f"SELECT 1 {rows} LIMIT 1").fetchall())

    def _drawing(self, query: str) -> str:
        """The query on tables of the shared relations that it reads, each made when it is first read."""
        for name, relation in SHARED.items():
            if name not in self._shared and relation in query:
                table, whole = f"shared_{name}", drawing_on(shared(name), self._shared)
                lines = lines_in_doubt(self._connection, whole) if is_sheet(name) else whole
                self._connection.execute(f"CREATE TEMP TABLE {table} AS {lines}")
                self._shared[name] = table
        return drawing_on(query, self._shared)

    @cached_property
    def _bench(self) -> duckdb.DuckDBPyConnection:
        return duckdb.connect(":memory:", config={"threads": 1})

    def _slice(self, table: str) -> None:
        if table in self._sliced:
            return
        described = ", ".join(f'"{name}" {kind}' for name, kind in _TABLES[table].items())
        self._bench.execute(f"CREATE TABLE {table} ({described})")
        known = self.columns(f"FROM {table}")
        columns = ", ".join(f'"{name}"' for name in _TABLES[table] if name in known)
        rows = self._connection.sql(f"SELECT {columns} FROM {table} LIMIT {_SLICE_ROWS}").to_arrow_table()
        self._bench.register("slice_of_evidence", rows)
        self._bench.execute(f"INSERT INTO {table} BY NAME SELECT * FROM slice_of_evidence")
        self._bench.unregister("slice_of_evidence")
        self._sliced.add(table)
