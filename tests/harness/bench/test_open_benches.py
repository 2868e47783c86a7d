"""Benches of the open model: the stall that is reckoned is the stall that is served, and nobody may be left out."""

import socket
from pathlib import Path

import pytest

from harness.bench.open_load import play
from harness.bench.open_model import AFTER_S, STALL_S, analytic_waits_s, p95
from harness.bench.stalling_server import Clock


@pytest.mark.parametrize("began_s", [0.0, 0.0013])
def test_the_analytic_value(began_s: float) -> None:
    """Of 1,000 arrivals 200 wait, evenly from 2 s down to 0; 5 % of all, a quarter of those, wait longer than 1.5 s."""
    waits_s = analytic_waits_s(began_s)
    assert len(waits_s) == 1000
    assert sum(wait_s > 0 for wait_s in waits_s) == 200
    assert p95(waits_s) == pytest.approx(1.4955 + began_s, abs=0.0006)
    assert max(waits_s) <= STALL_S


def test_the_server_stalls_as_reckoned() -> None:
    """What comes at once is answered at once; what comes in the stall when it ends; what comes later at once."""
    clock = Clock(AFTER_S, STALL_S)
    begins_s, ends_s = 100 + AFTER_S, 100 + AFTER_S + STALL_S
    moments = [100.0, begins_s - 0.01, begins_s, ends_s - 0.01, ends_s]
    assert [clock.answers_at(at_s) for at_s in moments] == [100.0, begins_s - 0.01, ends_s, ends_s, ends_s]


@pytest.mark.night
def test_a_bench_that_left_somebody_out_fails(tmp_path: Path) -> None:
    """A target that refuses: there is nothing to measure, and the error says how many were answered."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, not listening: refuses
        port = taken.getsockname()[1]
        schedule = {"schedule": "herd", "median_s": 0.1, "spread": 0.5}
        with pytest.raises(RuntimeError, match="of 20 arrivals 0 were answered"):
            play(tmp_path / "play", port, schedule, people=20, seconds=0.5, workers=2)
