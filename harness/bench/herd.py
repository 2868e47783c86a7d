"""A herd of 5,000 on two workers: how late do they leave, and how far do they spread, against what was planned?

The target is a private nginx that answers at once and writes down when it did, which is a second opinion.
"""

import os
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np

from harness.bench.nginx import nginx
from harness.bench.open_load import Played, play

PEOPLE: Final = 5_000
WORKERS: Final = 2
MEDIAN_S: Final = 1.5
SPREAD: Final = 0.5
LATEST_S: Final = 10.0
SEEN: Final = "seen.log"
_REACH_MS: Final = 5


def herd(options: Mapping[str, Any]) -> dict[str, Any]:
    """Milliseconds within which 99 of 100 people of a herd leave after they were due.

    RuntimeError: somebody did not leave, or got no answer. ConfigError: nginx is not installed.
    """
    schedule = {"schedule": "herd", "median_s": MEDIAN_S, "spread": SPREAD}
    seed = options.get("seed") or 7
    with tempfile.TemporaryDirectory(prefix="rainproof-bench-") as name:
        folder = Path(name)
        with nginx(folder, connections=8192, log=SEEN) as server:
            played = play(
                folder / "ours", server.port, schedule, people=PEOPLE, seconds=LATEST_S, workers=WORKERS, seed=seed
            )
        left_ms, seen_ms = _left_late_ms(played), _seen_late_ms(played, server.folder / SEEN)
        most_per_s = _most_per_s(played)
    return {
        "bench": "herd",
        "value": round(_quantile(left_ms, 0.99), 3),
        "reach": _REACH_MS,
        "unit": f"ms by which the p99 of {PEOPLE} people on {WORKERS} workers leaves late",
        "figures": {
            "planned_spread_s": played.generator["herd_planned_s"],
            "achieved_spread_s": played.generator["herd_achieved_s"],
            "most_planned_per_s": most_per_s,
            "left_late_p50_ms": round(_quantile(left_ms, 0.5), 3),
            "left_late_max_ms": round(max(left_ms), 3),
            "seen_late_p50_ms": round(_quantile(seen_ms, 0.5), 1),
            "seen_late_p99_ms": round(_quantile(seen_ms, 0.99), 1),
            "in_flight_max": played.generator["in_flight_max"],
            "connects": played.generator["connects"],
            **{f"worker_{worker.part}_{name}": value for worker in played.workers for name, value in _of(worker)},
            "load_average": os.getloadavg()[0],
        },
    }


def _of(worker: Any) -> Iterator[tuple[str, float]]:
    for name in ("p50", "p99", "max"):
        yield f"{name}_ms", getattr(worker.dispatch_lag_us, name) / 1000
    yield "cpu_share", worker.cpu_share


def _left_late_ms(played: Played) -> list[float]:
    """By the journal, which is written as the request leaves."""
    return [late_ms for (late_ms,) in played.ask("(sent_ns - intended_ns) / 1e6")]


def _seen_late_ms(played: Played, log: Path) -> list[float]:
    """By nginx's clock, which has whole milliseconds, when it had answered."""
    dues = dict(played.ask("person, intended_ns / 1e9"))
    seen = (line.split() for line in log.read_text(encoding="utf-8").splitlines())
    return [(float(at_s) - dues[uri.rpartition("/")[2]]) * 1000 for at_s, uri in seen]


def _most_per_s(played: Played) -> int:
    """Arrivals within the fullest 100 ms, as a rate."""
    counts = [count for (count,) in played.ask("COUNT(*)", "GROUP BY intended_ns // 100_000_000")]
    return int(10 * max(counts))


def _quantile(values: list[float], share: float) -> float:
    return float(np.quantile(values, share))
