"""Latencies of a history: figures and logs say the same, and say it of every operation."""

from collections.abc import Iterator
from pathlib import Path
from random import Random

import duckdb
import pytest
from hdrh.histogram import HdrHistogram
from hdrh.log import HistogramLogReader

from harness import latency
from harness.histogram import HIGHEST_US
from invariants.schema import HISTORY


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    """An empty history."""
    with duckdb.connect() as connection:
        columns = ", ".join(f'"{name}" {kind}' for name, kind in HISTORY.items())
        connection.execute(f"CREATE TABLE history ({columns})")
        yield connection


def operate(
    connection: duckdb.DuckDBPyConnection,
    sent_ns: int,
    done_ns: int | None,
    operation: str = "open",
    outcome: str = "ok",
    reason: str | None = None,
    worker: str = "w0",
) -> None:
    connection.execute(
        "INSERT INTO history (worker, operation, intended_ns, sent_ns, done_ns, outcome, reason) "
        "VALUES (?, ?, 0, ?, ?, ?, ?)",
        [worker, operation, sent_ns, done_ns, outcome, reason],
    )


def test_response_counts_from_the_schedule(connection: duckdb.DuckDBPyConnection) -> None:
    """Response is from when it should have been sent, service from when it was; what never ended has neither."""
    for late_us in range(1, 101):
        operate(connection, late_us * 1000, late_us * 1000 + 7000)
    operate(connection, 0, None, outcome="info")
    measured = latency.by_operation(connection)["open"]
    response = measured.response_us
    assert (response.p50, response.p90, response.p99, response.p999, response.max) == (57, 97, 106, 107, 107)
    assert (measured.service_us.p50, measured.service_us.max) == (7, 7)


def test_every_bucket_is_where_it_belongs(connection: duckdb.DuckDBPyConnection) -> None:
    """The buckets that SQL finds are those of the histogram, at every power of two and its neighbours."""
    edges = [edge for power in range(1, 32) for edge in (2**power - 1, 2**power, 2**power + 1)] + [2 * HIGHEST_US]
    for value_us in edges:
        connection.execute("DELETE FROM history")
        operate(connection, 0, value_us * 1000)
        expected = HdrHistogram(1, HIGHEST_US, 3).get_highest_equivalent_value(min(value_us, HIGHEST_US))
        assert latency.by_operation(connection)["open"].service_us.max == expected


def test_logs_and_figures_agree(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    """What the standard reader merges of all workers' logs is what the figures say; answers have tags of their own."""
    random = Random(7)
    for number in range(300):
        sent_ns = random.randrange(3 * 10**9)
        answer = ("ok", None) if number % 3 else ("fail", "sold out,really")
        operate(
            connection, sent_ns, sent_ns + int(random.lognormvariate(15, 1)), outcome=answer[0], reason=answer[1],
            worker=f"w{number % 2}",
        )  # fmt: skip
    paths = latency.write_logs(connection, tmp_path)
    assert [path.name for path in paths] == ["w0.hlog", "w1.hlog"]
    merged: dict[str, HdrHistogram] = {}
    for path in paths:
        reader = HistogramLogReader(str(path), HdrHistogram(1, HIGHEST_US, 3))
        while interval := reader.get_next_interval_histogram():
            merged.setdefault(interval.get_tag(), HdrHistogram(1, HIGHEST_US, 3)).add(interval)
    assert set(merged) == {
        f"open{answer}/{kind}" for answer in ("", ":sold_out_really") for kind in ("response", "service")
    }
    assert merged["open:sold_out_really/service"].get_total_count() == 100
    figures = latency.by_operation(connection)["open"]
    for kind, told in (("response", figures.response_us), ("service", figures.service_us)):
        whole = merged[f"open/{kind}"]
        whole.add(merged[f"open:sold_out_really/{kind}"])
        assert whole.get_total_count() == 300
        assert whole.get_max_value() == told.max
        assert [whole.get_value_at_percentile(share) for share in (50, 90, 99)] == [told.p50, told.p90, told.p99]
        assert told.p999 == told.max  # of 300, one in a thousand is the slowest
