"""The canary of a judgement: a small copy of the evidence in which every alarm must ring.

The copy lives in a database of its own, so that planting cannot touch what is judged, and holds a slice (a few
subjects with all their rows, bounded), so that it costs the same at 10^3 and at 10^7 operations.
"""

from typing import Any, Final

import duckdb

from invariants.registry import Invariant
from invariants.schema import EVIDENCE, HISTORY

PREFIX: Final = "canary"

_SUBJECTS: Final = 32
_ROWS: Final = 2_000
_TABLES: Final = {"history": HISTORY, **EVIDENCE}
# where the subjects of a slice are taken from, the best source first, and the columns that speak of a subject
_SOURCES: Final = (("packets", "packet"), ("opens", "packet"), ("history", "subject"))
_ABOUT: Final = {
    "history": "subject",
    "packets": "packet",
    "opens": "packet",
    "refunds": "packet",
    "accounts": "packet",
    "postings": "subject",
    "shadow_rows": "subject",
}


class CanaryBench:
    """Copies a slice of each table when first needed; plants and forgets one canary after another."""

    def __init__(self, evidence: duckdb.DuckDBPyConnection, available: frozenset[str]) -> None:
        self._evidence = evidence
        self._available = available
        self._copied: set[str] = set()
        self._ids: list[str] | None = None
        self._bench = duckdb.connect(":memory:", config={"threads": 1})

    def close(self) -> None:
        self._bench.close()

    def reports(self, invariant: Invariant) -> bool:
        """Plant the invariant's known violation in the copy; does the invariant name it?"""
        for table in invariant.needs:
            self._copy(table)
        self._bench.begin()
        try:
            self._bench.execute(invariant.canary)
            found = self._bench.execute(
                f"SELECT COUNT(*) FROM ({invariant.violations}) AS v WHERE v.subject LIKE '{PREFIX}%'"
            ).fetchone()
        finally:
            self._bench.rollback()
        return found is not None and found[0] > 0

    def _copy(self, table: str) -> None:
        if table in self._copied:
            return
        described = ", ".join(f'"{name}" {kind}' for name, kind in _TABLES[table].items())
        self._bench.execute(f"CREATE OR REPLACE TABLE {table} ({described})")
        known = {row[0] for row in self._evidence.execute(f"DESCRIBE {table}").fetchall()}
        columns = ", ".join(f'"{name}"' for name in _TABLES[table] if name in known)
        rows = self._read(
            f"SELECT {columns} FROM {table} WHERE {_ABOUT[table]} = ANY($ids) LIMIT {_ROWS}", ids=self._slice_ids()
        )
        self._bench.register("slice_of_evidence", rows)
        self._bench.execute(f"INSERT INTO {table} BY NAME SELECT * FROM slice_of_evidence")
        self._bench.unregister("slice_of_evidence")
        self._copied.add(table)

    def _slice_ids(self) -> list[str]:
        """The packets of the slice and the vouchers that came from them."""
        if self._ids is None:
            subjects = self._subjects()
            vouchers = [
                voucher
                for table in ("opens", "refunds")
                if table in self._available
                for (voucher,) in self._evidence.execute(
                    f"SELECT voucher FROM {table} WHERE packet = ANY($ids) LIMIT {_ROWS}", {"ids": subjects}
                ).fetchall()
            ]
            self._ids = subjects + [voucher for voucher in vouchers if voucher is not None]
        return self._ids

    def _subjects(self) -> list[str]:
        for table, column in _SOURCES:
            if table in self._available:
                rows = self._evidence.execute(
                    f"SELECT {column} FROM {table} WHERE {column} IS NOT NULL"
                    f" GROUP BY {column} ORDER BY {column} LIMIT {_SUBJECTS}"
                ).fetchall()
                return [row[0] for row in rows]
        return []

    def _read(self, query: str, **values: Any) -> Any:
        return self._evidence.sql(query, params=values).to_arrow_table()
