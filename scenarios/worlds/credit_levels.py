"""Crediting in levels: an operator switches in the midst of opens between now, by stream and later in a batch (W19).

The processes that serve hear of it when they look, each at its own time; consumers and a sweeper credit too.
"""

from functools import partial
from random import Random

from harness.simulation.runtime import ProcessRuntime
from harness.simulation.world import Plan, World
from reference_impl.system import System
from scenarios.worlds.reference import SHOWN, Reference
from scenarios.worlds.scripts import api, guest, lucky_fen, opens, sends, sets, within

_LOOKS_EVERY_S = 0.02
_OPERATOR = 2
_LEVELS = ("credit_large_now", "credit_later", "credit_stream")


class Operated(Reference):
    """A deployment whose serving processes look what operators have set."""

    def boot(self, process: str, runtime: ProcessRuntime) -> System:
        system = super().boot(process, runtime)
        if process.startswith("api"):
            system.controls.load()
            runtime.spawn("controls", partial(system.controls.watch, _LOOKS_EVERY_S))
        return system


def plan(random: Random) -> Plan:
    switched = [sets(name, 1, within(random, 0.0, 0.02)) for name in _LEVELS]
    switched.insert(1 + int(random.random() * 2), sets(_LEVELS[int(random.random() * 3)], 0, 0.01))
    people = (
        guest(1, *sends(1, "packet", lucky_fen(random, 4), 4), asks=api(random)),
        guest(_OPERATOR, sets("large_fen", 1 + int(random.random() * 30)), *switched, asks=api(random)),
        guest(11, opens("packet", attempts=2), asks="api-1"),
        guest(12, opens("packet", attempts=2, pause_s=within(random, 0.0, 0.03)), asks="api-2"),
        guest(13, opens("packet", attempts=2, pause_s=within(random, 0.0, 0.06)), asks=api(random)),
    )
    return Plan(people, background=("credit-1", "credit-2", "sweep-1"))


WORLD = World(
    name="credit_levels",
    summary="three opens while an operator switches between now, by stream and later; two consumers and a sweeper",
    claims=SHOWN,
    plan=plan,
    deploy=partial(Operated, reconcile_after_s=0.0, sweep_every_s=0.05),
)
