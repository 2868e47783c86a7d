"""Expiry race: opens on both sides of the instant at which a packet's time is over, and two sweepers that refund it."""

from functools import partial
from random import Random

from harness.simulation.world import Plan, World
from scenarios.worlds.reference import SHOWN, Reference
from scenarios.worlds.scripts import api, guest, lucky_fen, opens, sends, within

LIFETIME_MS = 8


def plan(random: Random) -> Plan:
    order = sends(1, "packet", lucky_fen(random, 4), 4, expires_in_ms=LIFETIME_MS)
    friends = [
        guest(person, opens("packet", attempts=2, pause_s=within(random, 0.005, 0.013)), asks=api(random))
        for person in (11, 12, 13)
    ]
    return Plan((guest(1, *order, asks=api(random)), *friends), background=("sweep-1", "sweep-2"))


WORLD = World(
    name="expiry_race",
    summary="one short-lived packet, three people who open it around its last instant, two sweepers",
    claims=(*SHOWN, "refund_once_after_expiry"),
    plan=plan,
    deploy=partial(Reference, sweep_every_s=0.004),
)
