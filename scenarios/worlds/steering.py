"""Steering: an operator moves new packets to the north and back in mid-night, and breakers move them by themselves.

One failed write is enough for a breaker here, so that every fault of a database is a failover.
"""

from functools import partial
from random import Random

from harness.simulation.world import Plan, World
from scenarios.worlds.reference import SHOWN
from scenarios.worlds.scripts import api, guest, lucky_fen, opens, sends, sets, within
from scenarios.worlds.watching import Watching


def plan(random: Random) -> Plan:
    steered = (sets("steer_north", 1, within(random, 0.0, 0.01)), sets("steer_north", 0, within(random, 0.005, 0.02)))
    halved = (sets("north_percent", 50, within(random, 0.0, 0.02)),)
    people = (
        guest(1, *sends(1, "old", lucky_fen(random, 2), 2, region="south", attempts=3), asks="api-1"),
        guest(2, *sends(2, "new", 20, 2, region="south", attempts=3, pause_s=within(random, 0.0, 0.02)), asks="api-2"),
        guest(3, *(steered if random.random() < 0.7 else halved), asks=api(random)),
        guest(11, opens("old", attempts=2, pause_s=within(random, 0.0, 0.02)), opens("new"), asks="api-2"),
        guest(12, opens("new", attempts=2), opens("old"), asks="api-1"),
    )
    return Plan(people)


WORLD = World(
    name="steering",
    summary="two packets sent while an operator steers and breakers open at the first failure, two friends",
    claims=SHOWN,
    plan=plan,
    deploy=partial(Watching, breaker_failures=1, breaker_rest_ms=8),
)
