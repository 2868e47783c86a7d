"""Pay and crash: money leaves a sender's account, and anything may end before the packet stands in its own database.

Reconciliation runs beside the payments, and some packets' time is over before they are finished.
"""

from functools import partial
from random import Random

from harness.simulation.world import Person, Plan, World
from scenarios.worlds.reference import SHOWN, Reference
from scenarios.worlds.scripts import api, funds, guest, opens, orders, pays, sends, within


def plan(random: Random) -> Plan:
    soon_ms = 2 + int(random.random() * 8)
    people = (
        guest(1, *sends(1, "lasting", 20, 2, attempts=3), pays("lasting", 20), asks=api(random)),
        guest(3, *sends(3, "short", 30, 1, region="north", expires_in_ms=soon_ms), asks=api(random)),
        guest(5, funds(5, 30, "one of two"), *_one_of_two(random), asks=api(random)),
        guest(11, opens("lasting"), opens("short", pause_s=within(random, 0.0, 0.01)), asks="api-1"),
    )
    return Plan((*people, *_penniless(random)), background=("sweep-1",))


def _one_of_two(random: Random) -> list:
    """Money for one packet, and two that are ordered."""
    return [*orders("one", 20, 1), *orders("two", 20, 1)]


def _penniless(random: Random) -> list[Person]:
    return [guest(7, *orders("unpaid", 10, 1), asks=api(random))] if random.random() < 0.5 else []


WORLD = World(
    name="pay_and_crash",
    summary="four senders, one of whom has too little and one nothing, packets that expire while they are paid",
    claims=SHOWN,
    plan=plan,
    deploy=partial(Reference, reconcile_after_s=0.0, sweep_every_s=0.01),
)
