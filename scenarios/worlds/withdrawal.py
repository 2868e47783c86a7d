"""Withdrawal: double taps and second thoughts in two processes, awards that are still promises, a bank that is mute."""

from functools import partial
from random import Random

from harness.simulation.world import Plan, World
from scenarios.worlds.festival import UNMARKED, Festival, gets, person, views, withdraws
from scenarios.worlds.scripts import api


def plan(random: Random) -> Plan:
    people = (
        person(1, gets(1, 100, attempts=2), withdraws(60, "tap", attempts=2), views(), withdraws(60), asks="api-1"),
        person(1, withdraws(60, "tap", pause_s=0.001), views(), withdraws(40, attempts=2), asks="api-2"),
        person(2, gets(2, 80, "koi"), gets(2, 20, rain="2"), withdraws(100, attempts=3), views(), asks=api(random)),
    )
    return Plan(people, background=("award-1", "sweep-1"))


WORLD = World(
    name="withdrawal",
    summary="one person at two phones, another who takes everything; a consumer, a sweeper and the bank's own word",
    claims=UNMARKED,
    plan=plan,
    deploy=partial(Festival, sweep_every_s=0.01),
)
