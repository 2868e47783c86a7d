"""Pay and crash: money leaves a sender's account, and anything may end before the packet stands in its own database."""

from functools import partial
from random import Random

from harness.simulation.world import Plan, World
from scenarios.worlds.reference import SHOWN, Reference
from scenarios.worlds.scripts import api, funds, guest, opens, orders, pays, sends, within


def plan(random: Random) -> Plan:
    one = orders("one", 20, 1, region="north", attempts=1)
    device = orders("too many", 20, 1, pause_s=within(random, 0.0, 0.004))
    people = (
        guest(1, *sends(1, "paid", 20, 2, attempts=3), pays("paid", 20), opens("paid"), asks=api(random)),
        guest(3, funds(3, 30, "one"), *one, asks="api-1"),
        guest(3, *device, asks="api-2"),
        guest(4, *orders("penniless", 10, 1), asks=api(random)),
        guest(11, opens("paid"), opens("one"), asks="api-1"),
    )
    return Plan(people, background=("sweep-1",))


WORLD = World(
    name="pay_and_crash",
    summary="three senders, of whom one has money for one packet and orders two, and one has none at all",
    claims=SHOWN,
    plan=plan,
    deploy=partial(Reference, reconcile_after_s=0.0, sweep_every_s=0.01),
)
