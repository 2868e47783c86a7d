"""Crossed merges: two people bind each other's phone number at once, and a third joins the two."""

from random import Random

from harness.simulation.world import Plan, World
from scenarios.worlds.festival import MERGES, UNMARKED, Festival, binds, gets, person, views
from scenarios.worlds.scripts import api


def plan(random: Random) -> Plan:
    people = (
        person(1, gets(1, 70), binds("8613800000001"), binds("8613800000002", attempts=2), views(), asks="api-1"),
        person(
            2, binds("8613800000002"), gets(2, 80, "koi"), binds("8613800000001", attempts=2), views(), asks="api-2"
        ),
        person(3, gets(3, 10), binds("8613800000002", attempts=2, pause_s=0.003), views(0.01), asks=api(random)),
    )
    return Plan(people, background=("award-1", "sweep-1"))


WORLD = World(
    name="merge_crossed",
    summary="two bind each other's phone number at once, and a third one of them: one person, whoever is whose alias",
    claims=tuple(name for name in (*UNMARKED, MERGES) if name != "bank_agrees"),
    plan=plan,
    deploy=Festival,
)
