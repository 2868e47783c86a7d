"""Tagged beside live: pressure traffic and people in the same processes and with the same keys, kept apart."""

from functools import partial
from random import Random

from harness.simulation.world import Person, Plan, World
from scenarios.worlds.reference import SHOWN, Reference
from scenarios.worlds.scripts import TAGGED_FROM, api, guest, looks, opens, sends


def plan(random: Random) -> Plan:
    live, tagged = _night(random, 1, "live"), _night(random, TAGGED_FROM + 1, "tagged")
    return Plan((*live, *tagged), background=("credit-1", "sweep-1"))


def _night(random: Random, first: int, packet: str) -> list[Person]:
    """A sender and two friends, with keys that those of the other side bear as well."""
    order = sends(first, packet, 20, 2, key="send", expires_in_ms=15 if random.random() < 0.5 else None)
    return [
        guest(first, *order, asks=api(random)),
        guest(first + 1, opens(packet, key="open", attempts=2), looks(), asks=api(random)),
        guest(first + 2, opens(packet, key="late", pause_s=0.02), asks=api(random)),
    ]


WORLD = World(
    name="tagged",
    summary="a live packet and a tagged one, each with its sender and two friends, in the same processes and minutes",
    claims=(*SHOWN, "refund_once_after_expiry"),
    plan=plan,
    deploy=partial(Reference, sweep_every_s=0.01),
)
