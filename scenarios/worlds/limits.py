"""Limits: an operator narrows every door of one process, and people come again and again."""

from random import Random

from harness.simulation.world import Plan, World
from scenarios.worlds.reference import SHOWN, Reference
from scenarios.worlds.scripts import grabs, guest, lucky_fen, opens, sends, sets, within


def plan(random: Random) -> Plan:
    doors = [sets(dial, 1 + int(random.random() * 8)) for dial in ("open_per_s", "grab_per_s", "send_per_s")]
    people = (
        guest(1, *sends(1, "packet", lucky_fen(random, 3), 3, attempts=3), asks="api-2"),
        guest(2, *doors, asks="api-1"),
        guest(11, grabs("packet"), opens("packet", key="tap", attempts=2), opens("packet", key="tap"), asks="api-1"),
        guest(12, grabs("packet"), opens("packet", pause_s=within(random, 0.0, 0.02)), asks="api-1"),
        guest(13, opens("packet", key="tap"), opens("packet", key="tap", pause_s=0.02), asks="api-1"),
        guest(14, opens("packet", attempts=2), asks="api-2"),
    )
    return Plan(people, background=("credit-1",))


WORLD = World(
    name="limits",
    summary="one packet of three shares, four friends who tap again, and a process whose doors an operator narrows",
    claims=SHOWN,
    plan=plan,
    deploy=Reference,
)
