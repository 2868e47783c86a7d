"""Rain: three people get awards faster than they are credited, look at their wallets all the time, and ask again."""

from random import Random

from harness.simulation.world import Plan, World
from scenarios.worlds.festival import CLAIMS, Festival, forges, gets, person, views
from scenarios.worlds.scripts import api


def plan(random: Random) -> Plan:
    people = (
        person(
            1, gets(1, 30, rain="1", attempts=2), views(), gets(1, 40, rain="2"), views(), views(0.01), asks="api-1"
        ),
        person(2, gets(2, 50, attempts=3), gets(2, 50), views(), forges(2), views(0.02), asks=api(random)),
        person(3, gets(3, 60, "koi"), views(), gets(3, 70, attempts=2), views(), asks=api(random)),
    )
    return Plan(people, background=("award-1", "award-2", "sweep-1"))


WORLD = World(
    name="rain",
    summary="tokens and order rows, two consumers that credit, a forger, and pages that must be complete at every read",
    claims=tuple(name for name in CLAIMS if name != "bank_agrees"),
    plan=plan,
    deploy=Festival,
)
