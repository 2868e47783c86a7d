"""The alarms' drill (B15): each alarm's condition is brought about for real in a process, and its expression fires on
the metrics that this process exports; on those of a healthy process, which served people, it is silent.

How long a condition must hold before somebody is woken is Prometheus's part and is not waited for.
"""

import logging
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import msgspec
from falcon.testing import TestClient
from prometheus_client.parser import text_string_to_metric_families

from harness import servers
from harness.config import ConfigError, nearest
from reference_impl.api import make_app
from reference_impl.bootstrap import build, create_stores
from reference_impl.domain.acts import act_id
from reference_impl.domain.orders import order_number
from reference_impl.ledger.awards import Award, credit_awards
from reference_impl.packets import consuming, crediting
from reference_impl.reconcile import rain
from reference_impl.resilience.alarms import ALARMS
from reference_impl.roles import look_at_config
from reference_impl.runtime import ThreadRuntime
from reference_impl.settings import Settings
from reference_impl.stores import stream
from reference_impl.system import System
from reference_impl.wallet.stock import stock_key
from scenarios.drills import promql
from scenarios.drills.promql import Scrape

SENDS: Final = 10
NOBODY: Final = "redis://127.0.0.1:1/0"
OLD_S: Final = 120
BURNT: Final = 20_000


class Process:
    """A process of the deployment that is asked by HTTP, and may be put into trouble. `again` tells one time from the
    next."""

    def __init__(self, settings: Settings, **changes: Any) -> None:
        self.system = build(msgspec.structs.replace(settings, **changes), ThreadRuntime(), holder="drill")
        self.client = TestClient(make_app(self.system, "drill"))
        self.again = 0

    def asks(self, method: str, path: str, **body: Any) -> Any:
        headers = {"Idempotency-Key": f"{id(self)}-{time.monotonic_ns()}"}
        return self.client.simulate_request(method, path, json=body or None, headers=headers).json

    def sends(self) -> str:
        self.asks("POST", "/v1/accounts/1/fund", amount_fen=100)
        sent = self.asks("POST", "/v1/packets", sender=1, kind="equal", total_fen=10, shares=5, region="south")
        return str(sent.get("packet", ""))

    def pays(self, packet: str) -> None:
        self.asks("POST", f"/v1/packets/{packet}/pay", sender=1)

    def opens(self, packet: str, person: int) -> None:
        self.asks("POST", f"/v1/packets/{packet}/open", person=person)

    def gets(self, act: int, scene: str = "fireworks") -> None:
        rain_number = str(time.monotonic_ns() % 10**9)
        self.asks("POST", "/v1/awards", act=act, scene=scene, rain=rain_number, amount_fen=10)

    def scrape(self) -> Scrape:
        text = self.client.simulate_get("/v1/metrics").text
        families = text_string_to_metric_families(text)
        samples = {(s.name, frozenset(s.labels.items())): s.value for family in families for s in family.samples}
        return Scrape(time.time(), samples)


def healthy(process: Process) -> None:
    """A little of everything that people do."""
    system = process.system
    for person in range(2, 6):
        packet = process.sends()
        process.pays(packet)
        process.opens(packet, person)
    process.gets(act_id(1, False))
    process.gets(act_id(1, False), "rain")
    process.asks("POST", f"/v1/wallets/{act_id(1, False)}", tokens=[])
    for tagged in system.sides():
        stream.create_groups(system.stream, tagged)
    consuming.run_once(system, crediting.JOB, "drill")
    system.counts.put("last_pass_us", "sweep", value=system.runtime.now_us())
    if system.desk is not None:
        look_at_config(system, system.desk)
    now_us = system.runtime.now_us()
    rain.reconcile(system, now_us - 10_000_000, now_us)


# --- trouble: one function an alarm, called again and again -----------------------------------------------------------


def store_down(process: Process) -> None:
    """The cache is where nobody listens: see TROUBLED."""


def dead_letters(process: Process) -> None:
    """A message that nobody can read is laid aside."""
    system = process.system
    for tagged in system.sides():
        stream.create_groups(system.stream, tagged)
    system.stream.xadd(stream.stream_name(stream.CREDIT, False), {stream.BODY: "no message"})
    consuming.run_once(system, crediting.JOB, "drill")


def credit_behind(process: Process) -> None:
    """A debt has lain in the stream for two minutes."""
    name, old_ms = stream.stream_name(stream.CREDIT, False), int((time.time() - OLD_S) * 1000)
    if not process.again:
        process.system.stream.delete(name)
        process.system.stream.xadd(name, {stream.BODY: "old"}, id=f"{old_ms}-0")


def loop_stands_still(process: Process) -> None:
    """The sweeper looked two minutes ago, and never since."""
    long_ago_us = process.system.runtime.now_us() - OLD_S * 1_000_000
    process.system.counts.put("last_pass_us", "sweep", value=long_ago_us)


def faults_of_ours(process: Process) -> None:
    """A bug: the ledger is not there at all."""
    vars(process.system).update(ledger=None)
    process.asks("GET", "/v1/accounts/1")


def unavailable(process: Process) -> None:
    """The ledger's databases are gone: see TROUBLED."""
    process.asks("GET", "/v1/accounts/1")


def many_limited(process: Process) -> None:
    process.system.controls.set("send_per_s", 1, "drill")
    for _ in range(SENDS):
        process.sends()
    process.system.controls.set("send_per_s", 0, "drill")


def slow_opens(process: Process) -> None:
    """Opens wait longer than half a second for company: see TROUBLED."""
    packet = process.sends()
    process.pays(packet)
    process.opens(packet, 2)


def nobody_pays(process: Process) -> None:
    packets = [process.sends() for _ in range(SENDS)]
    process.pays(packets[0])


def money_differs(process: Process) -> None:
    """The ledger has an award that nobody promised."""
    system = process.system
    act = act_id(time.monotonic_ns() % 10**9, False)
    order = str(order_number(act, "rain", "99", "cash", "live"))
    credit_awards(system.ledger, [Award(order, 10, 1, 1)], tagged=False)
    now_us = system.runtime.now_us()
    rain.reconcile(system, now_us - 10_000_000, now_us + 10_000_000)


def tokens_forged(process: Process) -> None:
    forged = [f"forged-{number}" for number in range(50)]
    process.asks("POST", f"/v1/wallets/{act_id(1, False)}", tokens=forged)


def config_from_copy(process: Process) -> None:
    """The operators' database is gone: see TROUBLED."""
    if process.system.desk is not None:
        look_at_config(process.system, process.system.desk)


def breaker_open(process: Process) -> None:
    """The KV store is where nobody listens: see TROUBLED."""
    for _ in range(5):
        process.gets(act_id(2, False))


def stock_burnt(process: Process) -> None:
    """Many units were counted, and no coupon was written for them."""
    if process.system.desk is not None and not process.again:
        process.system.desk.tokens.client.incrby(stock_key("tea", "live", 0, False), BURNT)


TROUBLE: Final[Mapping[str, Callable[[Process], None]]] = {name: globals()[name] for name in ALARMS}
GONE: Final = "sqlite:////nowhere"
TROUBLED: Final[Mapping[str, Mapping[str, Any]]] = {
    "store_down": {"cache": NOBODY},
    "unavailable": {"databases": {"ledger_0": GONE, "ledger_1": GONE}},
    "slow_opens": {"group_wait_ms": 700.0},
    "config_from_copy": {"databases": {"ops_0": GONE}},
    "breaker_open": {"kv": NOBODY},
}
"""Settings of a process that is in trouble."""


def alarms(options: Mapping[str, Any]) -> dict[str, Any]:
    """Bring every alarm's condition about, or `only` one's; what `drill --json` prints."""
    chosen = _chosen(options.get("only"))
    logging.getLogger("reference_impl").setLevel(logging.CRITICAL + 1)  # its trouble is wanted
    with _deployment(options["backend"]) as settings:
        well = _watched(Process(settings), healthy)
        rows = [_row(name, well, settings) for name in chosen]
    return {"drill": "alarms", "passed": sum(row["passed"] for row in rows), "total": len(rows), "rows": rows}


def _chosen(only: str | None) -> Sequence[str]:
    if only is not None and only not in ALARMS:
        raise ConfigError(f"no alarm is called {only!r}: {nearest(only, ALARMS)}")
    return [only] if only else list(ALARMS)


def _row(name: str, well: Sequence[Scrape], settings: Settings) -> dict[str, Any]:
    expression = ALARMS[name].expression
    silent = not promql.fires(expression, well)
    fired = promql.fires(expression, _watched(Process(settings, **TROUBLED.get(name, {})), TROUBLE[name]))
    why = [*([] if silent else ["it fires on a healthy process"]), *([] if fired else ["it does not fire"])]
    return {"name": name, "passed": not why, "silent_when_well": silent, "fires": fired, "why": "; ".join(why)}


def _watched(process: Process, work: Callable[[Process], None]) -> list[Scrape]:
    """Scrapes before, between and after two times the same."""
    scrapes = [process.scrape()]
    for again in range(2):
        process.again = again
        work(process)
        scrapes.append(process.scrape())
    _close(process.system)
    return scrapes


def _close(system: System) -> None:
    if system.ledger is not None:
        system.close()


@contextmanager
def _deployment(backend: str) -> Iterator[Settings]:
    """Stores with nothing in them; a wallet, and a cache whose streams are its own."""
    with tempfile.TemporaryDirectory(prefix="rainproof-drill-") as folder:
        small: dict[str, Any] = {"order_shards": 1, "day_tables": (ThreadRuntime().today().day,), "data": folder}
        if backend == "servers":
            with servers.start(Path(folder) / "servers") as running:
                settings = Settings(sql=running.sql, cache=running.cache, stream=running.cache, **small)
                create_stores(settings)
                yield settings
            return
        settings = Settings(sql=f"sqlite:///{folder}", cache="embedded", stream="embedded", **small)
        create_stores(settings)
        yield settings
