"""Budget: more is asked for than there is, by games with bugs of their own, while processes that hold slices die."""

from functools import partial
from pathlib import Path
from random import Random
from typing import Final

from harness.simulation.world import Plan, World
from scenarios.worlds.festival import UNMARKED, Festival, gets, person, views
from scenarios.worlds.scripts import api

_ACTIVITY: Final = str(Path(__file__).with_name("small_activity.toml"))


def plan(random: Random) -> Plan:
    people = [
        person(n, gets(n, 50, attempts=2), gets(n, 60, rain="2", pause_s=0.002), views(0.03), asks=api(random))
        for n in range(1, 5)
    ]
    greedy = person(5, gets(5, 61), gets(5, 60, "koi"), gets(5, 61, "koi"), gets(5, 50, "koi", "2"), asks=api(random))
    late = person(6, *(gets(6, 10, rain=str(rain), pause_s=0.02) for rain in range(1, 5)), asks=api(random))
    return Plan((*people, greedy, late), background=("award-1", "sweep-1"))


WORLD = World(
    name="budget",
    summary="six ask for twice the budget, some for more than the cap, two amounts under one number, or the rest",
    claims=tuple(name for name in UNMARKED if name != "bank_agrees"),
    plan=plan,
    deploy=partial(Festival, activity=_ACTIVITY, slice_fen=120),
)
