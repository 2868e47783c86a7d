"""Cache down: for a while no process reaches the cache, which then comes back empty.

Packets are sent, paid, grabbed and opened all the same, by the database and under its guard.
"""

from functools import partial
from random import Random
from typing import Any, Final

import redis

from harness.simulation.schedule import START_NS
from harness.simulation.scheduler import acting
from harness.simulation.world import Options, Plan, World
from scenarios.worlds.reference import SHOWN, Reference
from scenarios.worlds.scripts import api, grabs, guest, lucky_fen, opens, reads, sends, sets, within

DOWN_NS: Final = range(START_NS + 1_000_000, START_NS + 20_000_000)
"""When it is down."""


class CacheDown(Reference):
    """The reference with a cache that fails for a while and has lost everything afterwards."""

    def __init__(self, options: Options, **changes: Any) -> None:
        super().__init__(options, **changes)
        self._came_back = False
        cache: Any = self.cache
        self._send, self._pipeline = cache.execute_command, cache.pipeline
        vars(self.cache).update(execute_command=self._command, pipeline=self._pipe)

    def reset(self) -> None:
        super().reset()
        self._came_back = False

    def _command(self, *arguments: Any, **options: Any) -> Any:
        self._fall()
        return self._send(*arguments, **options)

    def _pipe(self, *arguments: Any, **options: Any) -> Any:
        self._fall()
        return self._pipeline(*arguments, **options)

    def _fall(self) -> None:
        scheduler = acting()
        if scheduler is None or scheduler.now_ns < DOWN_NS.start:
            return
        if scheduler.now_ns in DOWN_NS:
            raise redis.ConnectionError("the cache is down")
        if not self._came_back:
            self._send("FLUSHALL")
            self._came_back = True


def plan(random: Random) -> Plan:
    shares = 2 + int(random.random() * 2)
    region = ("south", "north")[int(random.random() * 2)]
    waits_s = within(random, 0.0, 0.003)
    people = (
        guest(1, *sends(1, "first", lucky_fen(random, shares), shares, pause_s=waits_s, attempts=3), asks=api(random)),
        guest(2, sets("guard_per_s", 1), *sends(2, "second", 20, 1, region=region, attempts=3), asks="api-1"),
        guest(3, *sends(3, "late", 10, 1, pause_s=within(random, 0.01, 0.03)), asks=api(random)),
        guest(11, grabs("first"), opens("first", attempts=2), reads("first"), asks="api-1"),
        guest(12, grabs("first"), opens("first", attempts=2), opens("second"), asks="api-1"),
        guest(13, opens("first", attempts=2, pause_s=within(random, 0.0, 0.03)), grabs("second"), asks="api-2"),
    )
    return Plan(people, background=("sweep-1",))


WORLD = World(
    name="cache_down",
    summary="three packets sent and three friends who open them, around an outage that loses all the cache held",
    claims=(*SHOWN, "sold_out_is_final"),
    plan=plan,
    deploy=partial(CacheDown, preorder_s=30, breaker_rest_ms=10),
)
