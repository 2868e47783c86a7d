"""The Parquet files of a history: a folder a partition, a row group for what is alike in it.

Most questions are about some operations, or about what was refused. The statistics of a row group that holds one
kind of operation alone tell a reader that it may pass it over.
"""

from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Final
from zlib import crc32

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from harness.history.read import SCHEMA
from harness.parquet import writing

_WAITING_ROWS: Final = 1 << 21  # of all partitions together, while they wait for their like
_GROUP_ROWS: Final = 1 << 17

Alike = tuple[Any, ...]  # partition, operation, whether it failed


class HistoryFiles:
    """Writes rows to `folder`/part=N/history.parquet, as many as come, with bounded memory.

    All operations on one subject stand in one partition; those without a subject have the last one to
    themselves.
    """

    def __init__(self, folder: Path, partitions: int) -> None:
        self._folder = folder
        self._partitions = partitions
        self._files = ExitStack()
        self._writers: dict[int, Any] = {}
        self._waiting: dict[Alike, list[pa.RecordBatch]] = {}
        self._waiting_rows = 0

    def __enter__(self) -> "HistoryFiles":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._files:
            if error is None:
                self._write()

    def add(self, rows: pa.RecordBatch) -> None:
        """Rows of `SCHEMA`. They wait; once the files are closed they are all there."""
        parts = _parts(rows.column("subject"), self._partitions)
        failed = pc.equal(rows.column("outcome"), "fail")
        alike = pa.table({"part": parts, "operation": rows.column("operation"), "failed": failed})
        order = [(name, "ascending") for name in alike.column_names]
        ordered, start = rows.take(pc.sort_indices(alike, order)), 0
        for run in alike.group_by(alike.column_names).aggregate([([], "count_all")]).sort_by(order).to_pylist():
            *key, count = run.values()
            self._waiting.setdefault(tuple(key), []).append(ordered.slice(start, count))
            start += count
        self._waiting_rows += len(rows)
        if self._waiting_rows >= _WAITING_ROWS:
            self._write()

    def _write(self) -> None:
        """Everything that waits, so that no slice is left that would keep its batch in memory."""
        for key, slices in self._waiting.items():
            self._writer(key[0]).write_table(pa.Table.from_batches(slices), _GROUP_ROWS)
        self._waiting.clear()
        self._waiting_rows = 0

    def _writer(self, part: int) -> Any:
        if part not in self._writers:
            path = self._folder / f"part={part}" / "history.parquet"
            path.parent.mkdir(parents=True)
            self._writers[part] = self._files.enter_context(pq.ParquetWriter(path, SCHEMA, **writing(SCHEMA)))
        return self._writers[part]


def _parts(subjects: pa.LargeStringArray, partitions: int) -> pa.Int32Array:
    """The partition of every row: a hash of its subject that is the same everywhere and always."""
    encoded = pc.dictionary_encode(subjects)
    parts = [crc32(subject.encode()) % partitions for subject in encoded.dictionary.to_pylist()]
    return pc.fill_null(pa.array(parts, pa.int32()).take(encoded.indices), partitions)
