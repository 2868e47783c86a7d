"""What other packages bring along: scenarios, worlds, mutants, drills and benchmarks, found through entry points.

An entry point names a function that returns a dict by name, so that a team can add its own beside ours.
"""

from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Protocol

from harness.config import ConfigError, nearest


class Scenario(Protocol):
    """A night: a locustfile, and the target that it is for unless another is named."""

    name: str
    locustfile: Path
    target: Path
    summary: str
    rounds: int
    """How many rounds it has, unless others are asked for; 0: it has no rounds."""
    people_per_s: float
    """How many people a second two cores can serve: by them a night is as long as nobody says."""
    sets: Callable[[int, int, float], Sequence[str]]
    """What operators set meanwhile, as faults `set=NAME:VALUE@SECONDS`, by people, rounds and seconds."""
    also: tuple[Path, ...]
    """Further target files of that target: what they claim is judged too."""


class Mutant(Protocol):
    """A planted bug, and the invariant that must report it."""

    name: str
    caught_by: str
    summary: str
    seen_in: str
    harsh: bool
    """Does it need harsh surroundings, which the clean system must survive?"""
    dies_in: str
    """Where it is caught: simulation, innodb (simulation on servers), load or proof."""
    world: str
    """The simulated world it dies in."""
    faults: str
    """With which it is simulated, as `simulate --faults` takes them."""
    beside: str
    """Another mutant that is planted with it; what that one alone is caught for is not this one's. "": none."""


Bench = Callable[[dict[str, Any]], dict[str, Any]]
"""Runs a benchmark with the command's options; returns {bench, value, reach, unit, figures}."""


Drill = Callable[[dict[str, Any]], dict[str, Any]]
"""Plays through what operators may have to do, with the command's options; returns {drill, passed, total, rows}."""


def scenarios() -> Mapping[str, Scenario]:
    """Every scenario by name."""
    return _catalogue("rainproof.scenarios")


def mutants() -> Mapping[str, Mutant]:
    """Every mutant by name."""
    return _catalogue("rainproof.mutants")


def worlds() -> Mapping[str, Any]:
    """Every simulated world by name."""
    return _catalogue("rainproof.worlds")


def allocations() -> Mapping[str, Any]:
    """Every allocation function by name, wrong ones too."""
    return _catalogue("rainproof.allocations")


def benches() -> Mapping[str, Bench]:
    """Every benchmark by name."""
    return _catalogue("rainproof.benches")


def drills() -> Mapping[str, Drill]:
    """Every drill by name."""
    return _catalogue("rainproof.drills")


def choose(kind: str, name: str, known: Mapping[str, Any]) -> Any:
    """The one called `name`; ConfigError names the nearest."""
    if name not in known:
        raise ConfigError(f"no {kind} is called {name!r}: {nearest(name, known)}")
    return known[name]


def _catalogue(group: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for point in entry_points(group=group):
        found |= point.load()()
    return found
