"""What is told of a stall: a server that answers nothing for two seconds while 100 people a second come.

People come by their schedule whether or not earlier ones were served, so the truth can be reckoned beforehand. Locust's
own users each wait for their answer before they ask again: those who would have come in the stall are never sent, and
so never late. Its report of the same situation stands beside ours.
"""

import csv
import os
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from msgspec import Struct

from harness import processes
from harness.bench.open_load import play
from harness.bench.stalling_server import stalling
from harness.history.clock import ANCHOR_NS

RATE_PER_S: Final = 100
SECONDS: Final = 10
STALL_S: Final = 2.0
AFTER_S: Final = 3.005
"""Between two arrivals, so that a scheduler's whim does not decide how many of them fall into the stall."""
CLOSED_USERS: Final = (10, 100)
_REACH_PERCENT: Final = 5
_STARTS_S: Final = 20.0
_LOCUSTFILE: Final = Path(__file__).parents[1] / "swarm" / "bench" / "closed.py"


class Told(Struct, frozen=True):
    """What Locust reports of its own users, in its own milliseconds."""

    requests: int
    p95_ms: float
    max_ms: float


def open_model(options: Mapping[str, Any]) -> dict[str, Any]:
    """How far the measured p95 of response times from the schedule is off the analytic one, in percent.

    RuntimeError: an arrival was not sent, or got no answer.
    """
    with tempfile.TemporaryDirectory(prefix="rainproof-bench-") as folder:
        measured_s, began_s = _ours(Path(folder), options.get("seed") or 7)
        locusts = {users: _locusts(Path(folder), users) for users in CLOSED_USERS}
    analytic_s = p95(analytic_waits_s(began_s))
    return {
        "bench": "open-model",
        "value": round(100 * abs(p95(measured_s) - analytic_s) / analytic_s, 2),
        "reach": _REACH_PERCENT,
        "unit": "% that the p95 of response times in a stall is off its analytic value",
        "figures": {
            "arrivals": RATE_PER_S * SECONDS,
            "sent": len(measured_s),
            "analytic_p95_ms": round(analytic_s * 1000, 1),
            "measured_p95_ms": round(p95(measured_s) * 1000, 1),
            "measured_max_ms": round(max(measured_s) * 1000, 1),
            "clock_began_ms": round(began_s * 1000, 1),
            **{
                f"locust_{users}_users_{name}": getattr(told, name)
                for users, told in locusts.items()
                for name in told.__struct_fields__
            },
        },
    }


def analytic_waits_s(began_s: float = 0.0) -> list[float]:
    """How long each arrival waits where nothing but the stall takes time; the server's clock began at `began_s`."""
    begins_s, ends_s = began_s + AFTER_S, began_s + AFTER_S + STALL_S
    dues_s = [n / RATE_PER_S for n in range(RATE_PER_S * SECONDS)]
    return [ends_s - due_s if begins_s <= due_s < ends_s else 0.0 for due_s in dues_s]


def p95(values: list[float]) -> float:
    return float(np.quantile(values, 0.95))


def _ours(folder: Path, seed: int) -> tuple[list[float], float]:
    """Response times of our arrivals, from when they were due; when the server's clock began, from then on."""
    people = RATE_PER_S * SECONDS
    with stalling(folder / "server", AFTER_S, STALL_S) as port:
        schedule = {"schedule": "constant", "rate_per_s": RATE_PER_S}
        played = play(folder / "ours", port, schedule, people=people, seconds=SECONDS, seed=seed)
    ((first_ns,),) = played.ask("MIN(intended_ns)")
    began_s = float(processes.last_line(folder / "server" / "server.log")) - (first_ns - ANCHOR_NS) / 1e9
    return [response_s for (response_s,) in played.ask("(done_ns - intended_ns) / 1e9")], began_s


def _locusts(folder: Path, users: int) -> Told:
    """What Locust says of so many of its users who make the same rate together."""
    place = folder / f"locust-{users}"
    place.mkdir()
    with stalling(place / "server", AFTER_S, STALL_S) as port:
        command = [
            sys.executable, "-m", "locust", "-f", str(_LOCUSTFILE), "--headless", "--only-summary", "-u", str(users),
            "-r", str(users), "-t", f"{SECONDS}s", "--csv", str(place / "told"), "-H", f"http://127.0.0.1:{port}",
        ]  # fmt: skip
        env = os.environ | {"RAINPROOF_BENCH_RATE_PER_S": str(RATE_PER_S)}
        processes.start(command, place / "locust.log", env=env).wait(_STARTS_S + 4 * SECONDS)
    with (place / "told_stats.csv").open(encoding="utf-8") as file:
        row = next(row for row in csv.DictReader(file) if row["Name"] == "Aggregated")
    return Told(int(row["Request Count"]), float(row["95%"]), round(float(row["Max Response Time"]), 1))
