"""Mutants: the reference implementation with one planted bug each. One file a bug; the file says where it was seen.

A file has `MUTANT`, made with `Mutant(...)`. `plant` puts the bug in by replacing a function; `weather`, where a bug
needs it, makes the surroundings harsh in a way the clean system survives, which a control run shows.
"""

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass


def nothing() -> None:
    """Fair weather."""


@dataclass(frozen=True)
class Mutant:
    name: str
    caught_by: str
    """The invariant that must report it."""
    summary: str
    seen_in: str
    """Where such a bug was found in real code."""
    plant: Callable[[], None]
    weather: Callable[[], None] = nothing
    dies_in: str = "simulation"
    """Where it is caught: `simulation`, `innodb` (simulation on real servers only), `load`, or `proof`."""
    world: str = "group_grab"
    """The simulated world it dies in."""
    beside: str = ""
    """Another mutant that is planted with it: it takes away what would repair what this one breaks. A schedule in which
    that one alone is caught shows nothing of this one."""
    faults: str = "all"
    """With which it is simulated, as `simulate --faults` takes them: without those that what stands beside it needs."""
    row: str = ""
    """The mechanism it breaks: a key of reference_impl/mechanisms.py, or a row of the wallet (B20: the tag)."""

    @property
    def harsh(self) -> bool:
        """Whether it needs weather that the clean system must survive."""
        return self.weather is not nothing


def catalogue() -> dict[str, Mutant]:
    """Every mutant by name."""
    found = (importlib.import_module(f"{__name__}.{file.name}") for file in pkgutil.iter_modules(__path__))
    return {file.MUTANT.name: file.MUTANT for file in found if hasattr(file, "MUTANT")}


def plant_bug(name: str) -> None:
    """Put a mutant's bug in place, in fair weather, and the one that it stands beside. Raises KeyError."""
    known = catalogue()
    if known[name].beside:
        known[known[name].beside].plant()
    known[name].plant()


def plant(mutant: str, weather: str) -> None:
    """Put a mutant's bug and weather in place, or only the weather of one; empty names do nothing. Raises KeyError."""
    if mutant or weather:
        known = catalogue()
        known[mutant or weather].weather()
        if mutant:
            plant_bug(mutant)
