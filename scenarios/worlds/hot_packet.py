"""Hot packet: one packet, and at once everybody, by two processes, with double taps and second devices."""

from functools import partial
from random import Random

from harness.simulation.world import Plan, World
from scenarios.worlds.reference import SHOWN, Reference
from scenarios.worlds.scripts import api, grabs, guest, lucky_fen, opens, sends, within


def plan(random: Random) -> Plan:
    shares = 3 + int(random.random() * 2)
    late_s = within(random, 0.0, 0.02)
    people = (
        guest(1, *sends(1, "hot", lucky_fen(random, shares), shares), asks=api(random)),
        guest(11, opens("hot", key="tap", attempts=2), opens("hot", key="tap"), asks="api-1"),
        guest(11, opens("hot", key="tap"), asks="api-2"),
        guest(12, opens("hot"), asks="api-1"),
        guest(12, opens("hot", key="device"), asks="api-1"),
        guest(13, opens("hot", attempts=2), grabs("hot"), asks="api-2"),
        guest(14, grabs("hot", late_s), grabs("hot"), opens("hot", attempts=2, pause_s=0.001), asks=api(random)),
    )
    return Plan(people)


WORLD = World(
    name="hot_packet",
    summary="one packet of three or four shares, four people with double taps and second devices, two processes",
    claims=(*SHOWN, "sold_out_is_final"),
    plan=plan,
    deploy=partial(Reference, open_patience_s=0.01),
)
