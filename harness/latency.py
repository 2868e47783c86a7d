"""Latencies from the history, as histograms: the one source of every latency figure.

They are counted when the journals have been read, not while the load runs: so they cost the load nothing, and what a
killed worker had on record counts like everything else. Response time is done - intended, service time done - sent.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import duckdb
import numpy as np
from msgspec.structs import replace

from harness.histogram import FULL, HALF, HIGHEST_US, Counts, Interval, log, percentile_us
from harness.report.results import Latency, Percentiles

_UNFIT: Final = re.compile(r"[,\s]")  # in a tag of a log

# floor(log2) of an integer below 2^45 in double precision is exact
_BUCKET: Final = f"""
CREATE OR REPLACE TEMP MACRO bucket(value_us) AS (
    CASE WHEN value_us < {FULL} THEN value_us
    ELSE (floor(log2(value_us))::BIGINT - {HALF.bit_length() - 1}) * {HALF}
        + (value_us >> (floor(log2(value_us))::BIGINT - {HALF.bit_length() - 1})) END
)"""
_CLAMPED: Final = f"LEAST(GREATEST(({{}}) // 1000, 0), {HIGHEST_US})"
_ENDED: Final = f"""
WITH ended AS (
    SELECT worker, operation, done_ns // 1000000000 AS second,
        CASE outcome WHEN 'ok' THEN NULL ELSE COALESCE(reason, outcome) END AS answer,
        bucket({_CLAMPED.format("done_ns - intended_ns")}) AS response,
        bucket({_CLAMPED.format("done_ns - sent_ns")}) AS service
    FROM history WHERE done_ns IS NOT NULL
)"""
_BY_OPERATION: Final = f"""{_ENDED},
counted AS (
    SELECT operation, 'response' AS kind, response AS bucket, COUNT(*) AS n FROM ended GROUP BY ALL
    UNION ALL
    SELECT operation, 'service' AS kind, service AS bucket, COUNT(*) AS n FROM ended GROUP BY ALL
)
SELECT operation, kind, list(bucket), list(n) FROM counted GROUP BY ALL ORDER BY ALL
"""
_BY_SECOND: Final = f"""{_ENDED}
SELECT second, operation, answer, list(response) AS response, list(service) AS service
FROM ended WHERE worker = ? GROUP BY second, operation, answer ORDER BY second, operation, answer
"""


def by_operation(connection: duckdb.DuckDBPyConnection) -> dict[str, Latency]:
    """Of each kind of operation, over what got any end, a time-out included."""
    connection.execute(_BUCKET)
    found: dict[str, dict[str, Percentiles]] = {}
    for operation, kind, buckets, numbers in connection.execute(_BY_OPERATION).fetchall():
        found.setdefault(operation, {})[kind] = _percentiles(dict(zip(buckets, numbers, strict=True)))
    return {name: Latency(response_us=of["response"], service_us=of["service"]) for name, of in found.items()}


def write_logs(connection: duckdb.DuckDBPyConnection, folder: Path) -> list[Path]:
    """`folder`/<worker>.hlog for every worker: a histogram a second, operation, business answer and kind of time.

    Tags: "open/response", "open:sold_out/service".
    """
    connection.execute(_BUCKET)
    workers = connection.execute("SELECT DISTINCT worker FROM history WHERE done_ns IS NOT NULL ORDER BY 1").fetchall()
    return [_write(folder / f"{worker}.hlog", list(_intervals(connection, worker))) for (worker,) in workers]


def _write(path: Path, intervals: list[Interval]) -> Path:
    start_s = intervals[0].start_s
    path.write_text(log(start_s, (replace(interval, start_s=interval.start_s - start_s) for interval in intervals)))
    return path


def _intervals(connection: duckdb.DuckDBPyConnection, worker: str) -> Iterator[Interval]:
    """One worker's histograms, by second."""
    found = connection.execute(_BY_SECOND, [worker]).fetchnumpy()
    for second, operation, answer, *buckets in zip(*found.values(), strict=True):
        name = f"{operation}:{answer}" if isinstance(answer, str) else operation
        for kind, fell_into in zip(("response", "service"), buckets, strict=True):
            numbers, counts = np.unique(np.asarray(fell_into), return_counts=True)
            tag = _UNFIT.sub("_", f"{name}/{kind}")
            yield Interval(tag, float(second), 1.0, dict(zip(numbers.tolist(), counts.tolist(), strict=True)))


def _percentiles(counts: Counts) -> Percentiles:
    return Percentiles(*(percentile_us(counts, share) for share in (0.5, 0.9, 0.99, 0.999, 1.0)))
