"""Lists: their consumer and a reconciliation write the same lines, while messages are lost and the stream is switched
off for a while. All packets are short-lived: what details say in the end they cannot have from before."""

from functools import partial
from random import Random

from harness.simulation.world import Plan, World
from scenarios.worlds.reference import SHOWN, Reference
from scenarios.worlds.scripts import api, guest, lists, lucky_fen, opens, reads, sends, sets, within

SWITCH = "lists_stream_off"


def plan(random: Random) -> Plan:
    first = sends(1, "first", lucky_fen(random, 3), 3, expires_in_ms=40)
    second = sends(2, "second", 20, 2, kind="equal", region="north", expires_in_ms=30)
    operator = guest(99, sets(SWITCH, 1, within(random, 0.0, 0.01)), sets(SWITCH, 0, within(random, 0.0, 0.02)))
    people = (
        guest(1, *first, lists("sent"), asks=api(random)),
        guest(2, *second, reads("first"), asks="api-1"),
        guest(11, opens("first"), opens("second", pause_s=0.005), lists("received"), asks="api-1"),
        guest(12, opens("second"), opens("first", pause_s=0.01), lists("received", 0.02), asks=api(random)),
        operator,
    )
    return Plan(people, background=("lists-1", "sweep-1"))


WORLD = World(
    name="lists",
    summary="two packets, two friends, a consumer of lists and a reconciliation, an operator who stops their stream",
    claims=(*SHOWN, "details_agree"),
    plan=plan,
    deploy=partial(Reference, reconcile_after_s=0.0, sweep_every_s=0.02),
)
