"""Journals to Parquet, partitioned by subject, so that a checker needs one partition at a time."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from harness.history.files import HistoryFiles
from harness.history.read import SCHEMA, read_worker, workers
from harness.parquet import writing

_ROWS_A_PARTITION: Final = 1_000_000
_PARTITIONS_MAX: Final = 256
_SEGMENT_ROWS: Final = 1 << 16


class HistoryCounts(msgspec.Struct, frozen=True):
    """How many operations were sent, and how they ended: `issued = ok + fail + info`."""

    issued: int
    ok: int
    fail: int
    info: int


def collect(folder: Path, parquet_folder: Path) -> HistoryCounts:
    """Every journal in `folder` to `parquet_folder/part=N/*.parquet` with the columns of the canonical
    history.

    Raises ConfigError when a journal cannot be read.
    """
    shutil.rmtree(parquet_folder, ignore_errors=True)
    parquet_folder.mkdir(parents=True)
    journals = workers(folder)
    partitions = _partitions(sum(map(len, journals.values())))
    seen = {"ok": 0, "fail": 0, "info": 0}
    with HistoryFiles(parquet_folder, partitions) as files:
        for batch in _counting(folder, journals, seen):
            files.add(batch)
    issued = sum(seen.values())
    if not issued:
        _write_empty(parquet_folder / "part=0")
    return HistoryCounts(issued=issued, **seen)


def _partitions(segments: int) -> int:
    """A power of two, so that a partition holds about a million rows."""
    wanted = -(-segments * _SEGMENT_ROWS // _ROWS_A_PARTITION)
    return min(_PARTITIONS_MAX, 1 << max(0, wanted - 1).bit_length())


def _counting(folder: Path, journals: dict[str, list[Path]], seen: dict[str, int]) -> Iterator[pa.RecordBatch]:
    """The batches of all journals; adds their outcomes to `seen` as they pass."""
    for worker, segments in journals.items():
        for batch in read_worker(folder, worker, segments):
            for pair in pc.value_counts(batch.column("outcome")).to_pylist():
                seen[pair["values"]] += pair["counts"]
            yield batch


def _write_empty(folder: Path) -> None:
    """A file without rows, so that whoever reads the folder finds the columns."""
    folder.mkdir()
    pq.write_table(SCHEMA.empty_table(), folder / "empty.parquet", **writing(SCHEMA))
