"""Credit: two consumers move vouchers into accounts in two ledger shards, beside a reconciliation that does the same.

Consumers die, answers are lost, and a message is delivered again while the first delivery is still under way.
"""

from functools import partial
from random import Random

from harness.simulation.world import Plan, World
from scenarios.worlds.reference import SHOWN, Reference
from scenarios.worlds.scripts import api, guest, looks, lucky_fen, opens, sends


def plan(random: Random) -> Plan:
    people = (
        guest(1, *sends(1, "packet", lucky_fen(random, 4), 4), asks=api(random)),
        guest(11, opens("packet"), looks(pause_s=0.01), asks="api-1"),
        guest(12, opens("packet", attempts=2), looks(pause_s=0.02), asks="api-2"),
        guest(13, opens("packet"), looks(pause_s=0.03), asks=api(random)),
    )
    return Plan(people, background=("credit-1", "credit-2", "sweep-1"))


WORLD = World(
    name="credit",
    summary="three vouchers, two consumers and a reconciliation that all may credit them, two ledger shards",
    claims=SHOWN,
    plan=plan,
    deploy=partial(Reference, reconcile_after_s=0.0, sweep_every_s=0.01),
)
