"""Coupons: more are asked for than there are, counts time out and are lost, and one is used in two apps at once."""

from functools import partial
from pathlib import Path
from random import Random
from typing import Final

from harness.simulation.world import Person, Plan, World
from scenarios.worlds.festival import COUPONS, Festival, draws, person, uses, views
from scenarios.worlds.scripts import api, within

_ACTIVITY: Final = str(Path(__file__).with_name("coupon_activity.toml"))


def plan(random: Random) -> Plan:
    crowd = [
        person(n, draws(n, "tea", attempts=2), draws(n, "cinema", pause_s=within(random, 0, 0.02)), asks=api(random))
        for n in range(1, 5)
    ]
    return Plan((*crowd, *_phones(random, 5, tagged=False), *_phones(random, 6, tagged=True)))


def _phones(random: Random, number: int, tagged: bool) -> list[Person]:
    """Somebody who uses a pendant from two apps, each of which asks again when it is not answered."""
    taps, pause_s = partial(uses, number, "pendant", tagged=tagged), within(random, 0, 0.01)
    gets = draws(number, "pendant", tagged=tagged, attempts=3)
    return [
        person(number, gets, taps(app="douyin", key="tap"), views(), asks="api-1", tagged=tagged),
        person(number, taps(app="toutiao", key="tip", pause_s=pause_s), asks="api-2", tagged=tagged),
    ]


WORLD = World(
    name="coupon",
    summary="four ask for three coupons of one kind and two of another; two, one tagged, use a pendant on two phones",
    claims=COUPONS,
    plan=plan,
    deploy=partial(Festival, activity=_ACTIVITY, stock_parts=2),
)
