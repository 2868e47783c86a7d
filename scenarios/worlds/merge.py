"""Merge: two act_ids turn out to be one person while awards arrive on both sides and money leaves."""

from random import Random

from harness.simulation.world import Plan, World
from scenarios.worlds.festival import MERGES, UNMARKED, Festival, binds, gets, person, views, withdraws
from scenarios.worlds.scripts import api, within

PHONE = "8613800000001"


def plan(random: Random) -> Plan:
    people = (
        person(1, gets(1, 30, attempts=2), gets(1, 40, rain="2"), binds(PHONE, attempts=2), views(), asks="api-1"),
        person(
            2,
            gets(2, 50, attempts=2),
            binds(PHONE, attempts=3, pause_s=within(random, 0, 0.008)),
            gets(2, 40, rain="2", attempts=2, pause_s=0.001),
            withdraws(60, attempts=2),
            asks="api-2",
        ),
        # at another phone, and there they draw their money while this one may be merging it
        person(
            2,
            gets(2, 20, "koi"),
            gets(2, 60, rain="3", pause_s=within(random, 0, 0.004)),
            withdraws(20, attempts=2),
            views(0.02),
            asks=api(random),
        ),
    )
    return Plan(people, background=("award-1", "sweep-1"))


WORLD = World(
    name="merge",
    summary="two who have one phone number, with awards, pages and a withdrawal on both sides; a consumer, a sweeper",
    claims=(*UNMARKED, MERGES),
    plan=plan,
    deploy=Festival,
)
