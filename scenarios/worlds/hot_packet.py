"""Hot packet: one packet, and at once everybody, by two processes, with double taps and second devices."""

from random import Random

from harness.simulation.world import Plan, World
from scenarios.worlds.reference import SHOWN, Reference
from scenarios.worlds.scripts import api, grabs, guest, lucky_fen, opens, sends


def plan(random: Random) -> Plan:
    people = (
        guest(1, *sends(1, "hot", lucky_fen(random, 3), 3), asks=api(random)),
        guest(11, opens("hot", key="tap", attempts=2), opens("hot", key="tap"), asks="api-1"),
        guest(11, opens("hot", key="tap"), asks="api-2"),
        guest(12, opens("hot"), asks="api-1"),
        guest(12, opens("hot", key="device"), asks="api-1"),
        guest(13, opens("hot", attempts=2), grabs("hot"), asks="api-2"),
        guest(14, grabs("hot"), opens("hot", attempts=2), asks=api(random)),
    )
    return Plan(people)


WORLD = World(
    name="hot_packet",
    summary="one packet of three shares, four people with double taps and second devices, two processes that serve",
    claims=(*SHOWN, "sold_out_is_final"),
    plan=plan,
    deploy=Reference,
)
