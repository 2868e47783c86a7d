"""The open model: late is sent late, timed from when it was due, and never dropped."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from harness.bench.stalling_server import stalling
from harness.history import collect

pytestmark = pytest.mark.night


@pytest.fixture
def stalling_port(tmp_path: Path) -> Iterator[int]:
    """Answers at once, except from 1 s to 2 s after its first request."""
    with stalling(tmp_path / "server", 1.0, 1.0) as port:
        yield port


def p95_s(folder: Path, since: str) -> float:
    """The 95th percentile of all answers' times, in seconds, counted from `since`."""
    collect(folder, folder / "parquet")
    ((value,),) = duckdb.sql(
        f"SELECT quantile_cont(done_ns - {since}, 0.95) / 1e9 FROM '{folder}/parquet/*/*.parquet'"
    ).fetchall()
    return float(value)


@pytest.mark.parametrize("in_flight_max", [1000, 4])
def test_a_stall_is_told_in_full(
    drive: Callable[..., Any], stalling_port: int, tmp_path: Path, in_flight_max: int
) -> None:
    """100/s for 4 s, a stall of 1 s: of 400 arrivals 100 wait up to 1 s, so p95 is 0.8 s, however few are in flight."""
    result = drive("arrivals_driver.py", "stall", tmp_path, stalling_port, in_flight_max)
    assert result["started"] == 400
    assert result["crashes"] == []
    assert result["in_flight_max"] <= in_flight_max
    assert p95_s(tmp_path, "intended_ns") == pytest.approx(0.8, rel=0.1)


def test_a_closed_view_would_have_hidden_the_stall(
    drive: Callable[..., Any], stalling_port: int, tmp_path: Path
) -> None:
    """Timed from when they were sent, the same arrivals look fast: what the intended moment is kept for."""
    result = drive("arrivals_driver.py", "stall", tmp_path, stalling_port, 4)
    assert p95_s(tmp_path, "sent_ns") < 0.1
    assert result["lag_ns_max"] > 0.8e9


def test_a_script_that_raises_is_counted(drive: Callable[..., Any], tmp_path: Path) -> None:
    """A bug in a scenario neither stops the others nor goes unseen."""
    result = drive("arrivals_driver.py", "crash", tmp_path)
    assert result == {"acted": 30, "crashes": ["ValueError: a bug in a script"] * 10}


def test_a_stop_ends_waiting_and_running(drive: Callable[..., Any], tmp_path: Path) -> None:
    """Told to stop, nothing more starts, and what runs ends after its grace."""
    result = drive("arrivals_driver.py", "stop", tmp_path)
    assert result["seconds"] < 2
    assert (result["started"], result["ended"]) == (1, ["ended"])


def test_the_generator_goes_first(drive: Callable[..., Any], tmp_path: Path) -> None:
    """Where it is allowed, the generator runs before ordinary processes; its writing threads do not, nor it later."""
    result = drive("arrivals_driver.py", "first", tmp_path)
    first = os.SCHED_RR if result["allowed"] else os.SCHED_OTHER
    assert result["policies"] == [first, os.SCHED_OTHER, os.SCHED_OTHER]
