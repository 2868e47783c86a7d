"""Credit in batches: one process takes opens of one packet together, so that a message carries vouchers for both ledger
shards, and consumers die between the two."""

from functools import partial
from random import Random

from harness.simulation.world import Plan, World
from scenarios.worlds.reference import SHOWN, Reference
from scenarios.worlds.scripts import guest, looks, lucky_fen, opens, sends


def plan(random: Random) -> Plan:
    first = 11 + int(random.random() * 2)
    people = (
        # the sender stays until consumers have taken the message, and taken it again
        guest(1, *sends(1, "packet", lucky_fen(random, 4), 4), looks(pause_s=0.06)),
        *(guest(first + place, opens("packet", attempts=2)) for place in range(4)),
    )
    return Plan(people, background=("credit-1", "credit-2"))


WORLD = World(
    name="credit_batches",
    summary="four opens that share transactions and messages, two consumers, two ledger shards",
    claims=SHOWN,
    plan=plan,
    deploy=partial(Reference, group_wait_ms=5.0),
)
