"""Group grab: friends send packets to each other, in both regions, and open them with every bad habit people have."""

from random import Random

from harness.simulation.world import Person, Plan, World
from scenarios.worlds.reference import CLAIMS, Reference
from scenarios.worlds.scripts import api, grabs, guest, lucky_fen, opens, reads, sends


def plan(random: Random) -> Plan:
    senders = [
        guest(1, *sends(1, "first", lucky_fen(random, 2), 2, region="south"), reads("first"), asks=api(random)),
        guest(2, *sends(2, "second", 30, 3, kind="equal", region="north", expires_in_ms=25), asks=api(random)),
    ]
    return Plan(people=(*senders, *_friends(random)), background=("credit-1", "sweep-1"))


def _friends(random: Random) -> list[Person]:
    habits = [
        (grabs("first"), opens("first", attempts=3), opens("second")),
        (opens("first", key="mine", attempts=2), opens("first", key="mine"), grabs("second"), opens("second")),
        (opens("first"), opens("first", key="other"), reads("second")),
        (grabs("second"), opens("second", attempts=2), opens("first", pause_s=0.02)),
    ]
    return [guest(11 + number, *habit, asks=api(random)) for number, habit in enumerate(habits)]


WORLD = World(
    name="group_grab",
    summary="two packets, four friends, two processes that serve, one that credits, one that refunds",
    claims=CLAIMS,
    plan=plan,
    deploy=Reference,
)
