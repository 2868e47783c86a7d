"""Latencies from the history, as histograms: the one source of every latency figure.

They are counted when the journals have been read, not while the load runs: so they cost the load nothing, and what a
killed worker had on record counts like everything else. Response time is done - intended, service time done - sent.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import duckdb

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
_COUNTED: Final = f"""
WITH ended AS (
    SELECT worker, operation, done_ns // 1000000000 AS second,
        CASE outcome WHEN 'ok' THEN NULL ELSE COALESCE(reason, outcome) END AS answer,
        bucket({_CLAMPED.format("done_ns - intended_ns")}) AS response,
        bucket({_CLAMPED.format("done_ns - sent_ns")}) AS service
    FROM history WHERE done_ns IS NOT NULL
),
counted AS (
    SELECT {{columns}}, 'response' AS kind, response AS bucket, COUNT(*) AS n FROM ended GROUP BY ALL
    UNION ALL
    SELECT {{columns}}, 'service' AS kind, service AS bucket, COUNT(*) AS n FROM ended GROUP BY ALL
)
SELECT {{columns}}, kind, list(bucket), list(n) FROM counted GROUP BY ALL ORDER BY ALL
"""


def by_operation(connection: duckdb.DuckDBPyConnection) -> dict[str, Latency]:
    """Of each kind of operation, over what got any end, a time-out included."""
    found: dict[str, dict[str, Percentiles]] = {}
    for (operation,), kind, counts in _counted(connection, "operation"):
        found.setdefault(operation, {})[kind] = _percentiles(counts)
    return {name: Latency(response_us=of["response"], service_us=of["service"]) for name, of in found.items()}


def write_logs(connection: duckdb.DuckDBPyConnection, folder: Path) -> list[Path]:
    """`folder`/<worker>.hlog for every worker: a histogram a second, operation, business answer and kind of time.

    Tags: "open/response", "open:sold_out/service".
    """
    logs: dict[str, list[tuple[int, str, Counts]]] = {}
    for (worker, second, operation, answer), kind, counts in _counted(connection, "worker, second, operation, answer"):
        name = operation if answer is None else f"{operation}:{answer}"
        logs.setdefault(worker, []).append((second, _UNFIT.sub("_", f"{name}/{kind}"), counts))
    return [_write(folder / f"{worker}.hlog", counted) for worker, counted in logs.items()]


def _write(path: Path, counted: list[tuple[int, str, Counts]]) -> Path:
    start_s = counted[0][0]
    intervals = (Interval(tag, second - start_s, 1.0, counts) for second, tag, counts in counted)
    path.write_text(log(start_s, intervals))
    return path


def _counted(connection: duckdb.DuckDBPyConnection, columns: str) -> Iterator[tuple[tuple[Any, ...], str, Counts]]:
    """What the history counts by `columns`: their values, the kind of time, bucket → count; in their order."""
    connection.execute(_BUCKET)
    rows = connection.execute(_COUNTED.format(columns=columns)).fetchall()
    for *values, kind, buckets, numbers in rows:
        yield tuple(values), kind, dict(zip(buckets, numbers, strict=True))


def _percentiles(counts: Counts) -> Percentiles:
    return Percentiles(*(percentile_us(counts, share) for share in (0.5, 0.9, 0.99, 0.999, 1.0)))
