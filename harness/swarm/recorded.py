"""Moments that somebody recorded, to be played again: from a CSV or Parquet file, or from what a run left.

| columns | meaning |
|---|---|
| `at_s` or `at_ns` | a row an arrival: its moment in seconds or nanoseconds, of any clock |
| `second`, `count` | a row a second: how many came in it; they are spread evenly over it |
| `intended_ns` | a run's history: `runs/SCENARIO/TIME`, its journals, or Parquet made of them |
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.dataset as ds

from harness.config import ConfigError, one_line
from harness.history.read import SCHEMA, read_worker, workers

ARRIVALS_MAX: Final = 50_000_000
_SECOND_NS: Final = 1_000_000_000
_LATEST_S: Final = 9e9  # what nanoseconds in 63 bits can say

Moments = npt.NDArray[np.int64]
Numbers = npt.NDArray[Any]


def recorded(path: Path, operation: str = "") -> list[int]:
    """Every recorded moment in nanoseconds, sorted; of a history only those of `operation`, if it is named.

    ConfigError: the file is not there, not what its name says, without moments, or holds what is no moment.
    """
    rows = _rows(path)
    if operation:
        rows = rows.filter(pc.equal(_column(rows, "operation", path), operation))
    moments_ns = _moments(rows, path) if rows.num_rows else np.empty(0, np.int64)
    if not len(moments_ns):
        raise ConfigError(f"{path}: no arrivals are recorded{f' of operation {operation!r}' if operation else ''}")
    if len(moments_ns) > ARRIVALS_MAX:
        raise ConfigError(f"{path}: {len(moments_ns):,} arrivals are recorded; at most {ARRIVALS_MAX:,} can be played")
    told: list[int] = np.sort(moments_ns).tolist()
    return told


def _rows(path: Path) -> pa.Table:
    try:
        return _reader(path)(path)
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such file or folder") from None
    except (OSError, UnicodeDecodeError, pa.ArrowException) as error:
        raise ConfigError(f"{path}: cannot be read: {one_line(error)}") from None


def _reader(path: Path) -> Callable[[Path], pa.Table]:
    if path.is_dir():
        return _from_folder
    if path.suffix not in (".csv", ".parquet"):
        raise ConfigError(f"{path}: a recording is a .csv or .parquet file or a run's folder")
    return pyarrow.csv.read_csv if path.suffix == ".csv" else _from_parquet


def _from_parquet(path: Path) -> pa.Table:
    return ds.dataset(path, format="parquet").to_table()


def _from_folder(folder: Path) -> pa.Table:
    """What a run left: Parquet where its history was collected, else its journals."""
    for place in (folder / "history", folder):
        if next(place.glob("**/*.parquet"), None):
            return ds.dataset(sorted(map(str, place.glob("**/*.parquet"))), format="parquet").to_table()
        if journals := workers(place):
            batches = [batch for worker, paths in journals.items() for batch in read_worker(place, worker, paths)]
            return pa.Table.from_batches(batches, SCHEMA)
    raise ConfigError(f"{folder}: holds neither journals nor Parquet files; name a run's folder or its history")


def _moments(rows: pa.Table, path: Path) -> Moments:
    if {"second", "count"} <= set(rows.column_names):
        return _spread(rows, path)
    for name in ("at_s", "at_ns", "intended_ns"):
        if name in rows.column_names:
            return _nanoseconds(_numbers(rows, name, path), name.endswith("_ns"))
    raise ConfigError(f"{path}: needs a column at_s, at_ns or intended_ns, or second and count; see docs/scenarios.md")


def _spread(rows: pa.Table, path: Path) -> Moments:
    seconds, counts = (_numbers(rows, name, path) for name in ("second", "count"))
    if (counts < 0).any() or (counts % 1).any():
        raise ConfigError(f"{path}: column 'count' has to hold whole numbers from 0 on")
    if counts.sum() > ARRIVALS_MAX:
        raise ConfigError(f"{path}: {counts.sum():,.0f} arrivals; at most {ARRIVALS_MAX:,} can be played")
    whole = counts.astype(np.int64)
    number_in_second = np.arange(whole.sum()) - np.repeat(np.cumsum(whole) - whole, whole)
    return _nanoseconds(np.repeat(seconds, whole) + number_in_second / np.repeat(whole, whole), False)


def _nanoseconds(moments: Numbers, are_ns: bool) -> Moments:
    return moments.astype(np.int64) if are_ns else np.round(moments.astype(np.float64) * _SECOND_NS).astype(np.int64)


def _numbers(rows: pa.Table, name: str, path: Path) -> Numbers:
    """A column of finite numbers, none missing."""
    column = _column(rows, name, path)
    if not (pa.types.is_integer(column.type) or pa.types.is_floating(column.type)):
        raise ConfigError(f"{path}: column '{name}' has to hold numbers, and holds {column.type}")
    values: Numbers = column.to_numpy()  # what is missing becomes NaN, which no comparison holds for
    limit = _LATEST_S * (_SECOND_NS if name.endswith("_ns") else 1)
    if not ((values >= -limit) & (values <= limit)).all():
        raise ConfigError(f"{path}: column '{name}' has a value that is missing, not finite or too large")
    return values


def _column(rows: pa.Table, name: str, path: Path) -> pa.ChunkedArray:
    if rows.column_names.count(name) != 1:
        raise ConfigError(f"{path}: has {rows.column_names.count(name) or 'no'} columns '{name}'; one is needed")
    return rows.column(name)
