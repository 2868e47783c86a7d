"""Numbers: processes number packets by a counter in the cache, which may lose everything, while they come and go."""

from random import Random

from harness.simulation.world import Plan, World
from scenarios.worlds.reference import SHOWN, Reference
from scenarios.worlds.scripts import funds, guest, opens, orders

PROCESSES = 3


def plan(random: Random) -> Plan:
    senders = [
        guest(sender, *orders(f"packet-{sender}", 10, 1), asks=f"api-{1 + sender % PROCESSES}")
        for sender in range(2, 8)
    ]
    payer = guest(1, funds(1, 20, "paid"), *orders("paid", 20, 1), asks="api-1")
    return Plan((payer, *senders, guest(11, opens("paid"), asks="api-2")))


WORLD = World(
    name="numbers",
    summary="seven senders on three processes, each of which takes its numbers from the cache; one can pay",
    claims=SHOWN,
    plan=plan,
    deploy=Reference,
)
