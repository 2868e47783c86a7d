"""Operations per CPU-second of our client inside Locust ÷ those of FastHttpUser's `rest`, against the same nginx.

Both validate a POST's answer; ours also keeps its record. hey and wrk, where installed, do the same POST and look at
nothing. Rounds are short and taken in turn, so that what else the machine does hits all sides alike.
"""

import os
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from statistics import median
from typing import Any, Final

from msgspec import Struct

from harness.bench.nginx import nginx, pinned
from harness.bench.peers import installed, run_peer
from harness.bench.swarm import run_swarm

ROUNDS: Final = 5
SECONDS: Final = 2.0
USERS: Final = 64
_REACH: Final = 6
_SIDES: Final = {"ours": "Ours", "fasthttp": "Theirs"}


class Round(Struct, frozen=True):
    """One side's round."""

    operations: int
    cpu_s: float
    wall_s: float

    @property
    def per_cpu_s(self) -> float:
        return self.operations / self.cpu_s

    @property
    def per_s(self) -> float:
        return self.operations / self.wall_s


def client(options: Mapping[str, Any]) -> dict[str, Any]:
    """Measures in `rounds` (5) of `seconds` (2) a side.

    RuntimeError: an operation was not answered as promised, or ours was not journaled; ConfigError: there is no nginx.
    """
    seconds = options.get("seconds") or SECONDS
    peers = installed()
    rounds: dict[str, list[Round]] = {side: [] for side in (*_SIDES, *peers)}
    with tempfile.TemporaryDirectory(prefix="rainproof-bench-") as name:
        folder = Path(name)
        cores = sorted(os.sched_getaffinity(0))
        with pinned(cores[-1]), nginx(folder) as server:
            for number in range(options.get("rounds") or ROUNDS):
                for side, measured in rounds.items():
                    measured.append(_round(side, folder / f"{side}-{number}", server.port, seconds, cores[0]))
    return _told(rounds)


def _round(side: str, folder: Path, port: int, seconds: float, core: int) -> Round:
    with pinned(core):
        if side in _SIDES:
            return checked(side, run_swarm(_SIDES[side], folder, port, USERS, seconds=seconds))
        folder.mkdir()
        peer = run_peer(side, folder, f"http://127.0.0.1:{port}/v1/packets/p-17/open", USERS, seconds)
        return Round(peer.requests, peer.cpu_s, peer.wall_s)


def checked(side: str, result: Mapping[str, Any]) -> Round:
    """RuntimeError unless every operation was answered as promised and, of ours, is on record."""
    ok, others = result["ok"], result["others"]
    if not ok or others:
        raise RuntimeError(f"{side}: of {ok + others} operations {others} were not answered as promised")
    in_flight = result["journaled"] - ok
    if side == "ours" and abs(in_flight) > USERS:
        raise RuntimeError(f"ours: {ok} operations were answered and {result['journaled']} are on record")
    return Round(ok, result["cpu_s"], result["wall_s"])


def _told(rounds: Mapping[str, list[Round]]) -> dict[str, Any]:
    ratios = {side: _ratio(rounds["ours"], measured) for side, measured in rounds.items() if side != "ours"}
    return {
        "bench": "client",
        "value": round(ratios["fasthttp"], 2),
        "reach": _REACH,
        "unit": "operations per CPU-second in Locust ÷ those of FastHttpUser's rest",
        "figures": {
            "cores": os.cpu_count(),
            "users": USERS,
            "not_installed": [name for name in ("hey", "wrk") if name not in rounds],
            **{f"ours_to_{side}": round(ratio, 2) for side, ratio in ratios.items()},
            **{f"{side}_{name}": value for side, measured in rounds.items() for name, value in _figures(measured)},
        },
    }


def _ratio(ours: list[Round], theirs: list[Round]) -> float:
    """The median over rounds: what was measured one after the other is compared."""
    return median(one.per_cpu_s / other.per_cpu_s for one, other in zip(ours, theirs, strict=True))


def _figures(rounds: list[Round]) -> Iterator[tuple[str, Any]]:
    yield "per_cpu_s", round(median(one.per_cpu_s for one in rounds))
    yield "per_s", round(median(one.per_s for one in rounds))
    yield "cpu_s", round(sum(one.cpu_s for one in rounds), 2)
    yield "operations", sum(one.operations for one in rounds)
    yield "per_cpu_s_of_each_round", [round(one.per_cpu_s) for one in rounds]
