"""Simulated worlds, one small file each: people with scripts. What is in `WORLD` of a file here is found by name."""

import importlib
import pkgutil

from harness.simulation.world import World


def catalogue() -> dict[str, World]:
    """Every world by name."""
    found = (importlib.import_module(f"{__name__}.{file.name}") for file in pkgutil.iter_modules(__path__))
    return {file.WORLD.name: file.WORLD for file in found if hasattr(file, "WORLD")}
