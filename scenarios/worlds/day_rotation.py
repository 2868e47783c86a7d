"""Day rotation: a month's last midnight in mid-schedule. Packets are sent, opened and refunded on both sides of it, and
what is over is moved to the cold store by two sweepers, which may end at any statement."""

from datetime import UTC, datetime
from functools import partial
from random import Random
from typing import Final

from harness.simulation.world import Plan, World
from scenarios.worlds.reference import SHOWN, Reference
from scenarios.worlds.scripts import api, funds, guest, lucky_fen, opens, orders, pays, reads, sends, within

MIDNIGHT_NS: Final = int(datetime(2028, 2, 1, tzinfo=UTC).timestamp()) * 1_000_000_000
BEFORE_NS: Final = 12_000_000
DAYS: Final = (31, 1)


def plan(random: Random) -> Plan:
    total_fen = lucky_fen(random, 2)
    old = sends(1, "old", total_fen, 2, expires_in_ms=8 + int(random.random() * 20))
    young = orders("young", 20, 1, pause_s=within(random, 0.0, 0.02), expires_in_ms=30)
    people = (
        guest(1, *old, pays("old", total_fen, pause_s=within(random, 0.02, 0.05)), asks=api(random)),
        guest(2, funds(2, 20, "young"), *young, asks=api(random)),
        guest(11, opens("old", key="mine"), opens("old", key="mine", pause_s=within(random, 0.02, 0.05)), asks="api-1"),
        guest(12, opens("old", pause_s=within(random, 0.0, 0.05)), opens("young"), reads("old"), asks="api-2"),
    )
    return Plan(people, background=("credit-1", "sweep-1", "sweep-2"))


WORLD = World(
    name="day_rotation",
    summary="two packets around the midnight of a month's end, two sweepers that refund and move what is cold",
    claims=(*SHOWN, "refund_once_after_expiry"),
    plan=plan,
    deploy=partial(
        Reference,
        starts_ns=MIDNIGHT_NS - BEFORE_NS,
        day_tables=DAYS,
        regions=("south",),
        ledger_shards=1,
        cools=True,
        cool_after_s=0.0,
        full_pass_every=1,
        reconcile_after_s=0.0,
        sweep_every_s=0.03,
    ),
)
