"""Each alone: a hot packet whose opens do not share transactions, so that many want its row at once."""

from functools import partial
from random import Random

from harness.simulation.world import Plan, World
from scenarios.worlds.reference import SHOWN, Reference
from scenarios.worlds.scripts import api, guest, lucky_fen, opens, sends, within


def plan(random: Random) -> Plan:
    people = (
        guest(1, *sends(1, "hot", lucky_fen(random, 2), 2), asks=api(random)),
        guest(11, opens("hot", key="tap"), asks="api-1"),
        guest(11, opens("hot", key="tap"), asks="api-2"),
        guest(12, opens("hot", attempts=2), asks="api-2"),
        guest(13, opens("hot", attempts=2, pause_s=within(random, 0.0, 0.01)), asks="api-1"),
    )
    return Plan(people)


WORLD = World(
    name="each_alone",
    summary="one packet of two shares, three people and a double tap, each open in a transaction of its own",
    claims=(*SHOWN, "sold_out_is_final"),
    plan=plan,
    deploy=partial(Reference, group_commit=False),
)
