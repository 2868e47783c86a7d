"""Deployments whose processes learn by themselves what operators have set."""

from functools import partial
from typing import Final

from harness.simulation.runtime import ProcessRuntime
from harness.simulation.schedule import DRAIN
from reference_impl.system import System
from scenarios.worlds.reference import Reference

EVERY_S: Final = 0.01


class Watching(Reference):
    """The reference, each of whose processes looks every so often what operators have set."""

    def boot(self, process: str, runtime: ProcessRuntime) -> System:
        system = super().boot(process, runtime)
        if process != DRAIN:
            runtime.spawn("controls", partial(system.controls.watch, EVERY_S))
        return system
