"""Mutants in simulation: each in a process of its own, for planting a bug replaces functions of the system for good."""

import subprocess
import sys
from collections.abc import Collection, Iterator
from typing import Any, Final

import msgspec

from harness.config import ConfigError
from harness.plugins import Mutant
from harness.trial.verdicts import Trial
from invariants.verdict import Value

SCHEDULES: Final = 1000
"""So many schedules a mutant may survive before it counts as a survivor."""
CONTROLS: Final = 64
"""So many schedules of each world the clean system is played in beside them."""


def trial(mutant: Mutant, seed: int) -> Trial:
    """Schedules of the mutant's world until the invariant named in its file is among those that accuse."""
    backend = "servers" if mutant.dies_in == "innodb" else "embedded"
    told = _simulate(mutant.world, backend, SCHEDULES, seed, mutant.name, mutant.caught_by, mutant.faults)
    elsewhere: dict[str, Value] = {}
    if mutant.dies_in == "innodb":
        elsewhere["sqlite"] = _simulate(mutant.world, "embedded", SCHEDULES, seed, mutant.name, "")["verdict"]
    verdicts = {name: verdict["verdict"] for name, verdict in told["invariants"].items()}
    verdicts |= dict.fromkeys(told["accused"], "violated")
    return Trial(
        killed=mutant.caught_by in told["accused"],
        under="innodb" if mutant.dies_in == "innodb" else "simulation",
        caught_by=mutant.caught_by,
        verdicts=verdicts,
        tries=told["schedules"],
        path=told["case"],
        choices=told["choices"],
        shrink_seconds=told["shrink_seconds"],
        elsewhere=elsewhere,
    )


def controls(
    mutants: Collection[Mutant], seed: int, schedules: int = CONTROLS
) -> Iterator[tuple[str, dict[str, Value]]]:
    """Schedules of the clean system in every world and on every store that a mutant was tried in."""
    places = sorted({(mutant.world, "servers" if mutant.dies_in == "innodb" else "embedded") for mutant in mutants})
    for world, backend in places:
        told = _simulate(world, backend, schedules, seed, "", "")
        yield (
            f"{schedules} schedules of {world} on {backend}",
            {name: verdict["verdict"] for name, verdict in told["invariants"].items()},
        )


def _simulate(
    world: str, backend: str, schedules: int, seed: int, mutant: str, until: str, faults: str = "all"
) -> dict[str, Any]:
    """What `simulate --json` says. Raises ConfigError with its complaint."""
    words = [sys.executable, "-m", "harness.cli", "simulate", world, "--backend", backend, "--seed", str(seed)]
    words += ["--schedules", str(schedules), "--faults", faults, "--json"]
    words += ["--mutant", mutant] if mutant else []
    words += ["--until", until] if until else []
    done = subprocess.run(words, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    try:
        told: dict[str, Any] = msgspec.json.decode(done.stdout)
    except msgspec.DecodeError:
        last = (done.stderr.strip() or "it said nothing").splitlines()[-1]
        raise ConfigError(f"simulate {world} --mutant {mutant}: {last.removeprefix('rainproof: ')}") from None
    return told
