"""Refund: packets that are opened in part, whose remainder goes back to the sender, while people look at everything."""

from functools import partial
from random import Random

from harness.simulation.world import Plan, World
from scenarios.worlds.reference import SHOWN, Reference
from scenarios.worlds.scripts import api, grabs, guest, looks, lucky_fen, opens, reads, sends, within


def plan(random: Random) -> Plan:
    lucky = sends(1, "lucky", lucky_fen(random, 3), 3, expires_in_ms=10)
    equal = sends(2, "equal", 20, 2, kind="equal", region="north", expires_in_ms=6)
    people = (
        guest(1, *lucky, reads("lucky", pause_s=0.02), looks(pause_s=0.02), asks=api(random)),
        guest(2, *equal, reads("equal"), looks(pause_s=0.03), asks=api(random)),
        guest(11, opens("lucky"), opens("equal"), reads("lucky", pause_s=0.01), asks="api-1"),
        guest(12, grabs("lucky"), opens("lucky", pause_s=within(random, 0.0, 0.01)), looks(), asks="api-2"),
    )
    return Plan(people, background=("credit-1", "sweep-1"))


WORLD = World(
    name="refund",
    summary="two short-lived packets in two regions, opened in part, refunded and credited while people read",
    claims=(*SHOWN, "refund_once_after_expiry"),
    plan=plan,
    deploy=partial(Reference, sweep_every_s=0.01),
)
