"""Reads what journals hold, also those of workers that were killed: nothing on record is dropped."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from harness.config import ConfigError
from harness.history.layout import (
    END_OF_TEXT,
    NULL,
    OUTCOME_NUMBERS,
    RECORD,
    STAGE_BITS,
    TAGGED,
    UNFINISHED,
    VERSION,
    Header,
    decode_header,
)
from harness.history.skew import Skew, read_skew

Records = npt.NDArray[np.void]

_NAME = re.compile(r"(?P<worker>.+)-(?P<segment>\d{4,})\.journal")
_OUTCOMES = pa.array([name for name, _ in sorted(OUTCOME_NUMBERS.items(), key=lambda item: item[1])])
_INFO = OUTCOME_NUMBERS["info"]

SCHEMA = pa.schema(
    [
        ("worker", pa.string()),
        ("number", pa.int64()),
        ("person", pa.string()),
        ("operation", pa.string()),
        ("subject", pa.large_string()),
        ("key", pa.large_string()),
        ("amount_fen", pa.int64()),
        ("intended_ns", pa.int64()),
        ("sent_ns", pa.int64()),
        ("done_ns", pa.int64()),
        ("outcome", pa.string()),
        ("reason", pa.large_string()),
        ("sequence", pa.int64()),
        ("remaining_fen", pa.int64()),
        ("tag", pa.bool_()),
        ("clock_error_ns", pa.int64()),
        ("reader", pa.large_string()),
        ("mark", pa.large_string()),
        ("orders", pa.large_string()),
        ("balance_fen", pa.int64()),
        ("income_fen", pa.int64()),
        ("stage", pa.string()),
    ]
)


def workers(folder: Path) -> dict[str, list[Path]]:
    """The journal files of every worker in `folder`, each worker's in order."""
    found: dict[str, list[tuple[int, Path]]] = {}
    for path in folder.glob("*.journal"):
        if match := _NAME.fullmatch(path.name):
            found.setdefault(match["worker"], []).append((int(match["segment"]), path))
    return {worker: [path for _, path in sorted(found[worker])] for worker in sorted(found)}


def read_worker(folder: Path, worker: str, segments: list[Path]) -> Iterator[pa.RecordBatch]:
    """One worker's operations, a batch of `SCHEMA` a segment."""
    strings, skew = _read_strings(folder, worker), read_skew(folder, worker)
    for path in segments:
        header, first_number, records = _read_records(path)
        if len(records):
            yield _to_batch(header, first_number, records, strings, skew, path)


def _read_records(path: Path) -> tuple[Header, int, Records]:
    """Header, number of the first record, and the records that were begun. They are a prefix: numbers have no
    holes.
    """
    data = path.read_bytes()
    try:
        header, first_number, start = decode_header(data)
    except (msgspec.MsgspecError, ValueError) as error:
        raise ConfigError(f"history: {path} has no readable header ({error}); was it copied whole?") from error
    if header.version != VERSION:
        raise ConfigError(f"history: {path} has version {header.version}, this rainproof reads {VERSION}")
    records = np.frombuffer(data, dtype=RECORD, count=header.records, offset=start)
    return header, first_number, records[: int(np.count_nonzero(records["begun"]))]


def _read_strings(folder: Path, worker: str) -> pa.LargeStringArray:
    """Text n of the worker stands at n - 1."""
    parts = [_read_texts(path) for path in _string_files(folder, worker)]
    return pa.concat_arrays(parts) if parts else pa.array([], pa.large_string())


def _string_files(folder: Path, worker: str) -> list[Path]:
    name = re.compile(re.escape(worker) + r"-(\d{4,})\.strings")
    found = [(int(match[1]), path) for path in folder.glob("*.strings") if (match := name.fullmatch(path.name))]
    return [path for _, path in sorted(found)]


def _read_texts(path: Path) -> pa.LargeStringArray:
    """The texts of one file, in numpy from end to end: the ends less the terminators before them are the
    offsets.
    """
    data = np.fromfile(path, dtype=np.uint8)
    ends = np.flatnonzero(data == END_OF_TEXT)
    texts = data[: ends[-1]] if len(ends) else data[:0]
    offsets = np.concatenate(([0], ends - np.arange(len(ends)))).astype(np.int64)
    characters = texts[texts != END_OF_TEXT]
    return pa.LargeStringArray.from_buffers(len(ends), pa.py_buffer(offsets), pa.py_buffer(characters))


def _to_batch(
    header: Header, first_number: int, records: Records, strings: pa.LargeStringArray, skew: Skew, path: Path
) -> pa.RecordBatch:
    done = records["complete"] == 1

    def text(numbers: npt.NDArray[np.uint32]) -> pa.LargeStringArray:
        if numbers.max(initial=0) > len(strings):
            raise ConfigError(f"history: {path} refers to texts its .strings files do not hold; was it copied whole?")
        return strings.take(pa.array(numbers.astype(np.int64) - 1, mask=numbers == 0))

    def answered(name: str, less: int = 0) -> pa.Int64Array:
        return pa.array(records[name] - less, mask=~done | (records[name] == NULL))

    asked_fen, answered_fen = records["asked_fen"], records["answered_fen"]
    amount_fen = np.where(done & (answered_fen != NULL), answered_fen, asked_fen)
    answered_subject = np.where(done, records["answered_subject"], 0).astype(np.uint32)
    outcome = np.where(done, records["outcome"], _INFO).astype(np.int64)
    columns = {
        "worker": _repeat(header.worker, len(records)),
        "number": pa.array(np.arange(first_number, first_number + len(records), dtype=np.int64)),
        "person": pa.array(records["person"]).cast(pa.string()),
        "operation": pa.array(header.operations, pa.string()).take(pa.array(records["operation"].astype(np.int64))),
        "subject": text(np.where(answered_subject != 0, answered_subject, records["subject"])),
        "key": text(records["key"]),
        "amount_fen": pa.array(amount_fen, mask=amount_fen == NULL),
        "intended_ns": pa.array(records["intended_ns"] - skew.offset_ns),
        "sent_ns": pa.array(records["sent_ns"] - skew.offset_ns),
        "done_ns": answered("done_ns", skew.offset_ns),
        "outcome": _OUTCOMES.take(pa.array(outcome - 1)),
        "reason": _reasons(text(np.where(done, records["reason"], 0).astype(np.uint32)), done),
        "sequence": answered("sequence"),
        "remaining_fen": answered("remaining_fen"),
        "tag": pa.array(records["side"] & TAGGED == TAGGED),
        "clock_error_ns": pa.array(np.full(len(records), max(header.clock_error_ns, skew.error_ns), dtype=np.int64)),
        "reader": text(np.where(done, records["reader"], 0).astype(np.uint32)),
        "mark": text(records["mark"]),
        "orders": text(np.where(done, records["orders"], 0).astype(np.uint32)),
        "balance_fen": answered("balance_fen"),
        "income_fen": answered("income_fen"),
        "stage": _stages(header, records["side"] >> STAGE_BITS),
    }
    return pa.RecordBatch.from_pydict(columns, schema=SCHEMA)


def _stages(header: Header, numbers: npt.NDArray[np.integer[Any]]) -> pa.StringArray:
    return pa.array(header.stages, pa.string()).take(pa.array(numbers.astype(np.int64) - 1, mask=numbers == 0))


def _repeat(text: str, times: int) -> pa.StringArray:
    return pa.repeat(pa.scalar(text, pa.string()), times)


def _reasons(given: pa.LargeStringArray, done: npt.NDArray[np.bool_]) -> pa.LargeStringArray:
    """The reason that was written, or that nothing ever was."""
    return pc.if_else(pa.array(done), given, pa.scalar(UNFINISHED, pa.large_string()))
