"""Rows of the canonical tables as a database that invariants can be run on."""

from collections.abc import Sequence
from typing import Any, Final

import duckdb
import pyarrow as pa

from invariants.legal import TABLES, Row, Rows

_ARROW: Final = {"VARCHAR": pa.string(), "BIGINT": pa.int64(), "BOOLEAN": pa.bool_()}


def canonical(rows: Rows) -> dict[str, list[tuple[Any, ...]]]:
    """Each row as the values of its table's columns, in their order."""
    return {table: [tuple(row.get(name) for name in TABLES[table]) for row in listed] for table, listed in rows.items()}


def connect(rows: Rows) -> duckdb.DuckDBPyConnection:
    """A database with these tables as views, as `judge` wants it; the caller closes it."""
    connection = duckdb.connect(":memory:", config={"threads": 1})
    for table, listed in rows.items():
        connection.register(table, arrow(table, listed))
    return connection


def arrow(table: str, rows: Sequence[Row]) -> pa.Table:
    """Rows of a canonical table with all its columns."""
    schema = pa.schema([(name, _ARROW[kind]) for name, kind in TABLES[table].items()])
    return pa.Table.from_pylist(rows, schema)
