"""A history's files: no row is lost or doubled, however many wait, and what is alike stands together."""

from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.history import files
from harness.history.read import SCHEMA

KINDS = st.tuples(
    st.sampled_from(["open", "grab", "fund", None]),
    st.sampled_from(["ok", "fail", "info", None]),
    st.sampled_from(["p1", "p2", "p3", "人", "", None]),
)


def batch(kinds: list[tuple[str | None, ...]], first: int) -> pa.RecordBatch:
    rows = [
        {"worker": "w", "number": first + i, "operation": operation, "outcome": outcome, "subject": subject}
        for i, (operation, outcome, subject) in enumerate(kinds)
    ]
    return pa.RecordBatch.from_pylist(rows, schema=SCHEMA)


@settings(max_examples=60, deadline=None)
@given(batches=st.lists(st.lists(KINDS, max_size=30), max_size=6), waiting=st.integers(1, 60))
def test_every_row_once_and_alike_in_a_group(
    tmp_path_factory: pytest.TempPathFactory, batches: list[list[tuple[str | None, ...]]], waiting: int
) -> None:
    """Whatever comes is there once, in one partition a subject; a row group holds one kind, in the order it came."""
    folder = tmp_path_factory.mktemp("history")
    given_rows = []
    with pytest.MonkeyPatch.context() as patch, files.HistoryFiles(folder, 4) as history:
        patch.setattr(files, "_WAITING_ROWS", waiting)
        for kinds in batches:
            rows = batch(kinds, len(given_rows))
            given_rows += rows.to_pylist()
            history.add(rows)
    found, parts = [], set()
    for path in folder.glob("*/*.parquet"):
        file = pq.ParquetFile(path)
        for group in map(file.read_row_group, range(file.num_row_groups)):
            rows = group.to_pylist()
            found += rows
            parts |= {(row["subject"], path.parent.name) for row in rows}
            assert len({(row["operation"], row["outcome"] and row["outcome"] == "fail") for row in rows}) == 1
            assert [row["number"] for row in rows] == sorted(row["number"] for row in rows)
    assert sorted(found, key=lambda row: row["number"]) == given_rows
    assert len(parts) == len({subject for subject, _ in parts})


def test_statistics_pass_over_other_operations(tmp_path: Path) -> None:
    """The operation is the least and the greatest of its row group, and a reader finds each by it."""
    with files.HistoryFiles(tmp_path, 1) as history:
        history.add(batch([("open", "ok", "p"), ("grab", "ok", "p"), ("open", "fail", "p")], 0))
    metadata = pq.ParquetFile(tmp_path / "part=0" / "history.parquet").metadata
    at = SCHEMA.get_field_index("operation")
    bounds = [metadata.row_group(group).column(at).statistics for group in range(metadata.num_row_groups)]
    assert [(each.min, each.max) for each in bounds] == [("grab", "grab"), ("open", "open"), ("open", "open")]
    asked = duckdb.sql(f"SELECT number FROM '{tmp_path}/*/*.parquet' WHERE operation IN ('fund', 'open') ORDER BY 1")
    assert asked.fetchall() == [(0,), (2,)]


def test_what_fails_is_told(tmp_path: Path) -> None:
    """The error is the one that happened; nothing that waited is written."""
    with pytest.raises(ValueError, match="broken"), files.HistoryFiles(tmp_path, 1) as history:
        history.add(batch([("open", "ok", "p")], 0))
        raise ValueError("broken")
    assert not list(tmp_path.iterdir())
