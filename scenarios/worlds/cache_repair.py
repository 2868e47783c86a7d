"""Cache repair: two packets whose shares are taken by two processes, one of them refunded beside it, while the cache
misses writes, gets them late or in another order, or loses everything, and is made right again."""

from functools import partial
from random import Random

from harness.simulation.world import Plan, World
from scenarios.worlds.reference import SHOWN, Reference
from scenarios.worlds.scripts import api, grabs, guest, lucky_fen, opens, reads, sends, sets, within


def plan(random: Random) -> Plan:
    short = sends(1, "short", lucky_fen(random, 3), 3, expires_in_ms=8)
    full = sends(2, "full", 30, 3, kind="equal", region="north")
    people = (
        guest(1, *short, reads("short", pause_s=0.01), asks=api(random)),
        guest(2, *full, asks=api(random)),
        guest(11, opens("short"), opens("full"), reads("full"), asks="api-1"),
        guest(12, grabs("full"), opens("full"), opens("short", pause_s=within(random, 0.0, 0.008)), asks="api-2"),
        # of what api-1 opens meanwhile the cache hears by repair alone, and of what api-2 opens at once
        guest(
            99,
            sets("cache_write_off", 1, pause_s=within(random, 0.004, 0.012)),
            sets("cache_write_off", 0, pause_s=within(random, 0.004, 0.012)),
            asks="api-1",
        ),
        # the last share goes while the repair of others may be under way
        guest(13, grabs("full"), opens("full", pause_s=within(random, 0.004, 0.012)), asks="api-2"),
    )
    return Plan(people, background=("repair-1", "sweep-1"))


WORLD = World(
    name="cache_repair",
    summary="two packets opened by two processes, a refund, a repair consumer and a reconciliation of the cache",
    claims=(*SHOWN, "refund_once_after_expiry"),
    plan=plan,
    deploy=partial(Reference, reconcile_after_s=0.0, sweep_every_s=0.015),
)
