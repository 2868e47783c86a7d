"""Files for the judge: whatever they hold is read back by pyarrow and by DuckDB, and they stand as they should."""

from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from harness.history.read import SCHEMA
from harness.parquet import writing
from harness.target.coerce import arrow_schema
from invariants.schema import EVIDENCE

SCHEMAS = {"history": SCHEMA, **{table: arrow_schema(columns) for table, columns in EVIDENCE.items()}}
VALUES = {
    pa.int64(): [-(2**63), 2**63 - 1, 0, None, -1, 7],
    pa.bool_(): [True, None, False, True, True, None],
    pa.string(): ["", "人" * 300, None, "a'\x00\"", "a", "a"],
}
VALUES[pa.large_string()] = VALUES[pa.string()]


def written(path: Path, rows: pa.Table) -> Path:
    pq.write_table(rows, path, **writing(rows.schema))
    return path


def columns(schema: pa.Schema, values: dict[Any, list[Any]]) -> pa.Table:
    """Every column of the schema with the values of its type."""
    return pa.table([pa.array(values[field.type], field.type) for field in schema], schema=schema)


@pytest.mark.parametrize("table", SCHEMAS)
@pytest.mark.parametrize("times", [0, 1, 50])
def test_what_was_written_is_read_back(tmp_path: Path, table: str, times: int) -> None:
    """Extremes, NULLs, columns of NULLs alone and no rows at all, by pyarrow and by DuckDB."""
    for values in (VALUES, {kind: [None] * 6 for kind in VALUES}):
        rows = columns(SCHEMAS[table], {kind: some * times for kind, some in values.items()})
        path = written(tmp_path / "rows.parquet", rows)
        assert pq.read_table(path).equals(rows)
        assert duckdb.sql(f"FROM '{path}'").fetchall() == [tuple(row.values()) for row in rows.to_pylist()]


def test_few_values_have_a_dictionary_and_many_have_none(tmp_path: Path) -> None:
    """What says the same again and again stands once; numbers are steps, names and ids lengths and letters."""
    path = written(tmp_path / "rows.parquet", columns(SCHEMA, VALUES))
    group = pq.ParquetFile(path).metadata.row_group(0)
    encodings = {column.path_in_schema: column.encodings for column in map(group.column, range(group.num_columns))}
    assert "RLE_DICTIONARY" in encodings["operation"] and "RLE_DICTIONARY" in encodings["worker"]
    assert "DELTA_BINARY_PACKED" in encodings["sent_ns"] and "DELTA_BINARY_PACKED" in encodings["number"]
    assert "DELTA_LENGTH_BYTE_ARRAY" in encodings["subject"] and "DELTA_LENGTH_BYTE_ARRAY" in encodings["person"]
