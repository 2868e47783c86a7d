"""Journals to Parquet, partitioned by subject, so that a checker needs one partition at a time."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from zlib import crc32

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from harness.history.read import SCHEMA, read_worker, workers
from harness.parquet import writing

_ROWS_A_PARTITION: Final = 1_000_000
_PARTITIONS_MAX: Final = 256
_SEGMENT_ROWS: Final = 1 << 16
_BUFFERED_ROWS: Final = 1 << 21  # of all partitions together, while they wait for a row group to fill


class HistoryCounts(msgspec.Struct, frozen=True):
    """How many operations were sent, and how they ended: `issued = ok + fail + info`."""

    issued: int
    ok: int
    fail: int
    info: int


def collect(folder: Path, parquet_folder: Path) -> HistoryCounts:
    """Every journal in `folder` to `parquet_folder/part=N/*.parquet` with the columns of the canonical
    history.

    All operations on one subject stand in one partition; those without a subject have the last one to
    themselves. Raises ConfigError when a journal cannot be read.
    """
    shutil.rmtree(parquet_folder, ignore_errors=True)
    parquet_folder.mkdir(parents=True)
    journals = workers(folder)
    partitions = _partitions(sum(map(len, journals.values())))
    seen = {"ok": 0, "fail": 0, "info": 0}
    _write(_counting(folder, journals, partitions, seen), parquet_folder, partitions)
    issued = sum(seen.values())
    if not issued:
        _write_empty(parquet_folder / "part=0")
    return HistoryCounts(issued=issued, **seen)


def _partitions(segments: int) -> int:
    """A power of two, so that a partition holds about a million rows."""
    wanted = -(-segments * _SEGMENT_ROWS // _ROWS_A_PARTITION)
    return min(_PARTITIONS_MAX, 1 << max(0, wanted - 1).bit_length())


def _counting(
    folder: Path, journals: dict[str, list[Path]], partitions: int, seen: dict[str, int]
) -> Iterator[pa.RecordBatch]:
    """The batches of all journals with their partitions; adds their outcomes to `seen` as they pass."""
    for worker, segments in journals.items():
        for batch in read_worker(folder, worker, segments):
            for pair in pc.value_counts(batch.column("outcome")).to_pylist():
                seen[pair["values"]] += pair["counts"]
            yield batch.append_column("part", _parts(batch.column("subject"), partitions))


def _parts(subjects: pa.LargeStringArray, partitions: int) -> pa.Int32Array:
    """The partition of every row: a hash of its subject that is the same everywhere and always."""
    encoded = pc.dictionary_encode(subjects)
    parts = [crc32(subject.encode()) % partitions for subject in encoded.dictionary.to_pylist()]
    return pc.fill_null(pa.array(parts, pa.int32()).take(encoded.indices), partitions)


def _write(batches: Iterator[pa.RecordBatch], folder: Path, partitions: int) -> None:
    """Streams `batches` into one Parquet folder a partition."""
    schema = SCHEMA.append(pa.field("part", pa.int32()))
    ds.write_dataset(
        pa.RecordBatchReader.from_batches(schema, batches),
        folder,
        format="parquet",
        partitioning=ds.partitioning(pa.schema([("part", pa.int32())]), flavor="hive"),
        max_partitions=partitions + 1,
        max_open_files=partitions + 1,
        min_rows_per_group=min(_SEGMENT_ROWS, _BUFFERED_ROWS // partitions),
        file_options=ds.ParquetFileFormat().make_write_options(**writing(SCHEMA)),
        existing_data_behavior="overwrite_or_ignore",
    )


def _write_empty(folder: Path) -> None:
    """A file without rows, so that whoever reads the folder finds the columns."""
    folder.mkdir()
    pq.write_table(SCHEMA.empty_table(), folder / "empty.parquet", **writing(SCHEMA))
