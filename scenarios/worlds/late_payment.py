"""Late payment: a packet's time may be over before its payment is finished; then its money goes back."""

from functools import partial
from random import Random

from harness.simulation.world import Plan, World
from scenarios.worlds.reference import SHOWN, Reference
from scenarios.worlds.scripts import api, guest, opens, pays, sends, within


def plan(random: Random) -> Plan:
    short_ms = 1 + int(random.random() * 6)
    again = pays("short", 30, pause_s=within(random, 0.0, 0.02))
    people = (
        guest(1, *sends(1, "short", 30, 2, expires_in_ms=short_ms), again, asks=api(random)),
        guest(2, *sends(2, "given up", 20, 1, attempts=1, expires_in_ms=short_ms), asks=api(random)),
        guest(11, opens("short", attempts=2, pause_s=within(random, 0.0, 0.02)), opens("given up"), asks="api-1"),
    )
    return Plan(people, background=("sweep-1",))


WORLD = World(
    name="late_payment",
    summary="short-lived packets, one paid twice and one given up on, beside a reconciliation that finishes payments",
    claims=(*SHOWN, "refund_once_after_expiry"),
    plan=plan,
    deploy=partial(Reference, reconcile_after_s=0.0, sweep_every_s=0.005),
)
