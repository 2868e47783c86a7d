"""Dependencies: what the wallet asks beside its databases fails, comes back, and is switched off and on (B10, B11).

For a while neither the KV store nor the lock's Redis answers, and looking at the config centre fails. People ask for
the same award in two processes at once, also with another amount, while an operator publishes a scene, tries to raise
a cap, and turns switches, at last the shortest path.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from random import Random
from typing import Any, Final

import redis
import sqlalchemy as sa

from harness.simulation.cache import fake_client, real_client
from harness.simulation.runtime import ProcessRuntime
from harness.simulation.schedule import START_NS
from harness.simulation.scheduler import acting
from harness.simulation.world import Options, Plan, Request, Step, World
from harness.target.answer import Answer
from reference_impl import roles
from reference_impl.bootstrap import ACTIVITY_FILE
from reference_impl.system import System
from scenarios.worlds.festival import UNMARKED, Festival, gets, person, views, withdraws
from scenarios.worlds.scripts import api, sets, within

_LOCK_DOWN_NS: Final = range(START_NS, START_NS + 16_000_000)
_OTHERS_DOWN_NS: Final = range(START_NS + 30_000_000, START_NS + 50_000_000)
"""When KV store and config centre are down."""
_ACTIVITY: Final = Path(__file__).with_name("one_rain.toml")
_FRESH: Final = """
[[scenes]]
id = "fireworks"
award_type = "cash"
bill = "烟火大会"
budget_fen = 1000
cap_fen = 60
"""


class Dependent(Festival):
    """A wallet with a KV store and a lock's Redis of their own, in processes that look what operators want."""

    def __init__(self, options: Options, **changes: Any) -> None:
        super().__init__(options, activity=str(_ACTIVITY), slice_fen=120, controls_every_s=0.05, **changes)
        embedded = options.backend == "embedded"
        self.weak = {name: fake_client() if embedded else real_client(options.cache) for name in ("kv", "lock")}
        for name, down_ns in (("kv", _OTHERS_DOWN_NS), ("lock", _LOCK_DOWN_NS)):
            client = self.weak[name]
            vars(client).update(execute_command=_unless(down_ns, client.execute_command, redis.ConnectionError))
        self._copy = Path(options.folder) / ACTIVITY_FILE

    def reset(self) -> None:
        super().reset()
        for client in self.weak.values():
            client.flushall()
        self._copy.unlink(missing_ok=True)

    def boot(self, process: str, runtime: ProcessRuntime) -> System:
        system = super().boot(process, runtime)
        if system.desk is not None and process.startswith("api"):
            centre = system.desk.config
            vars(centre)["_asked"] = _unless(_OTHERS_DOWN_NS, centre._asked, _gone)
            system.controls.load()
            runtime.spawn("controls", partial(system.controls.watch, system.settings.controls_every_s))
            runtime.spawn("config", partial(roles.watch_config, system))
        return system

    def answer(self, service: System, request: Request) -> Answer:
        if request.operation == "publish" and service.desk is not None:
            text = _ACTIVITY.read_text(encoding="utf-8") + _FRESH
            if request.values.get("raises"):
                text = text.replace("cap_fen = 60", "cap_fen = 90")
            service.desk.config.publish(text, f"operator-{request.person}", service.runtime.now_us())
            return Answer("ok")
        return super().answer(service, request)

    def close(self) -> None:
        for client in self.weak.values():
            client.close()
        super().close()


def _unless(down_ns: range, work: Callable[..., Any], error: Callable[[str], Exception]) -> Callable[..., Any]:
    def asked(*arguments: Any, **options: Any) -> Any:
        scheduler = acting()
        if scheduler is not None and scheduler.now_ns in down_ns:
            raise error("it is down")
        return work(*arguments, **options)

    return asked


def _gone(text: str) -> Exception:
    return sa.exc.OperationalError(text, None, Exception(text))


def plan(random: Random) -> Plan:
    switch = ("kv_skip", "lock_skip", "config_local", "token_store_off")[int(random.random() * 4)]
    operator = person(
        1,
        Step("publish", attempts=2),
        Step("publish", {"raises": True}),
        sets(switch, 1, within(random, 0.0, 0.02)),
        sets("wallet_balance_only", 1, within(random, 0.0, 0.02)),
        sets("shortest_path", 1, within(random, 0.0, 0.02)),
        asks=api(random),
    )
    people = (
        person(2, gets(2, 30, "koi", attempts=3), views(), gets(2, 60), views(0.03), asks="api-1"),
        person(2, gets(2, 35, "koi"), gets(2, 60, rain="2", attempts=2), withdraws(10), asks="api-2"),
        person(3, gets(3, 60, "koi", attempts=3), gets(3, 80, pause_s=0.05), views(), asks=api(random)),
        person(4, *(gets(4, 50, rain=str(rain), pause_s=0.05) for rain in range(1, 3)), asks=api(random)),
        person(5, gets(5, 60, "fireworks", pause_s=0.06), asks=api(random)),
    )
    return Plan((operator, *people), background=("award-1",))


WORLD = World(
    name="dependencies",
    summary="double taps with two amounts while KV store, lock and config centre fail, and the path becomes shorter",
    claims=UNMARKED,
    plan=plan,
    deploy=Dependent,
)
