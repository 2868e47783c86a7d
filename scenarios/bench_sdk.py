"""What a library call spares (B21): the same questions about the same people, by HTTP and by the SDK."""

import itertools
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

import msgspec
import psutil
import urllib3

from harness import processes, servers
from harness.bench.calls import count_calls
from harness.bench.one_core import on_one_core
from reference_impl.bootstrap import build, create_stores, open_sdk
from reference_impl.domain.acts import act_id
from reference_impl.runtime import ThreadRuntime
from reference_impl.settings import Settings
from reference_impl.wallet.award import AwardRequest, award
from reference_impl.wallet.sdk import Sdk
from scenarios.bench_role import role, wait_for

CALLERS: Final = (1, 2, 4, 8)
SECONDS: Final = 1.0
"""A measurement; each side has one for each number of callers, the sides in turn."""
PEOPLE: Final = 20
AWARDS: Final = (("rain", "1"), ("rain", "2"), ("koi", "1"))
"""Each person's: scene and occurrence; two by token, one by order row."""
CALLS: Final = ("balance", "has_got", "force_credit")
"""Asked in turn, equally often; what is promised is credited before anything is measured."""
DOCUMENT_PER_S: Final = 10_000_000
"""So many calls the document's SDK served, and spared over ten thousand cores by it."""
REACH: Final = 1.2

Ask = Callable[[str, int], Any]
"""The answer of a call about an act_id, as JSON has it."""


def bench_sdk(options: Mapping[str, Any]) -> dict[str, Any]:
    """Calls per CPU-second of all involved by the SDK ÷ by HTTP, each at its best number of callers; all involved share
    one core.

    RuntimeError: the two do not answer the same.
    """
    seconds = options.get("seconds") or SECONDS
    with tempfile.TemporaryDirectory(prefix="rainproof-bench-") as folder, ExitStack() as stack:
        running = stack.enter_context(servers.start(Path(folder) / "servers"))
        settings = _settings(running, folder)
        create_stores(settings)
        api = stack.enter_context(_api(settings))
        sdk = stack.enter_context(open_sdk(settings, "game"))
        acts = _awarded(settings)
        stores = [server.pid for server in running.named.values()]
        asks = {"http": _by_http(settings.port), "sdk": _by_library(sdk)}
        _check(asks, acts)
        meters = {"http": _cpu_of([*stores, *api]), "sdk": _cpu_of(stores)}
        stack.enter_context(on_one_core([*stores, *api]))
        figures: dict[str, dict[str, float]] = {side: {} for side in asks}
        for callers, side in itertools.product(CALLERS, asks):
            count, cpu_s = count_calls(callers, seconds, _in_turn(asks[side], acts), meters[side])
            figures[side][str(callers)] = round(count / cpu_s, 1)
    best = {side: max(of_side.values()) for side, of_side in figures.items()}
    spared_s = 1 / best["http"] - 1 / best["sdk"]
    return {
        "bench": "sdk",
        "value": round(best["sdk"] / best["http"], 2),
        "reach": REACH,
        "unit": "calls per CPU-second by the library ÷ by HTTP",
        "figures": figures
        | {
            "cpu_us_spared_a_call": round(1e6 * spared_s, 1),
            "cores_spared_at_10M_per_s": round(DOCUMENT_PER_S * spared_s),
        },
    }


def _settings(running: servers.Running, folder: str) -> Settings:
    """A deployment with as few tables for packets as there can be: nobody sends any."""
    packets: dict[str, Any] = {"regions": ("south",), "order_shards": 1, "day_tables": (1,)}
    return Settings(sql=running.sql, cache=running.cache, data=folder, port=processes.free_port(), **packets)


@contextmanager
def _api(settings: Settings) -> Iterator[list[int]]:
    """An API process; the ids of all it consists of."""
    with role(settings, "api") as pid:
        wait_for(settings.port)
        yield [pid, *(child.pid for child in psutil.Process(pid).children(recursive=True))]


def _awarded(settings: Settings) -> list[int]:
    """People who have their AWARDS."""
    system, acts = build(settings, ThreadRuntime(), holder="bench"), [act_id(n, False) for n in range(1, 1 + PEOPLE)]
    if system.desk is None:
        raise RuntimeError("there is no wallet without an activity")
    for act, (scene, rain) in itertools.product(acts, AWARDS):
        award(system, system.desk, AwardRequest(act, scene, rain, 88))
    system.close()
    return acts


def _in_turn(ask: Ask, acts: list[int]) -> Callable[[], Any]:
    turns = itertools.cycle(itertools.product(acts, CALLS))

    def call() -> Any:
        act, name = next(turns)
        return ask(name, act)

    return call


def _by_library(sdk: Sdk) -> Ask:
    calls: dict[str, Callable[[int], Any]] = {
        "balance": sdk.balance,
        "has_got": lambda act: sdk.has_got(act, "rain", "2"),
        "force_credit": sdk.force_credit,
    }
    return lambda name, act: msgspec.to_builtins(calls[name](act))


def _by_http(port: int) -> Ask:
    """As a service asks that has a client with connections kept alive, as this wallet has for its bank."""
    pool = urllib3.PoolManager(maxsize=max(CALLERS), retries=False)
    body, url = b'{"tokens": []}', f"http://127.0.0.1:{port}/v1/wallets"
    calls: dict[str, Callable[[int], urllib3.BaseHTTPResponse]] = {
        "balance": lambda act: pool.request("GET", f"{url}/{act}/balance"),
        "has_got": lambda act: pool.request("GET", f"{url}/{act}/awards/rain/2"),
        "force_credit": lambda act: pool.request("POST", f"{url}/{act}/credit", body=body),
    }

    def ask(name: str, act: int) -> Any:
        answer = calls[name](act)
        if answer.status != 200:
            raise RuntimeError(f"{name} is answered {answer.status}: {answer.data[:200]!r}")
        return msgspec.json.decode(answer.data)

    return ask


def _check(asks: Mapping[str, Ask], acts: Iterable[int]) -> None:
    """Both sides answer the same; then everything is credited."""
    for act in acts:
        for name in CALLS:
            answers = {side: ask(name, act) for side, ask in asks.items() if name != "force_credit"}
            if len({msgspec.json.encode(answer) for answer in answers.values()}) > 1:
                raise RuntimeError(f"{name} of {act} is {answers}")
        for ask in asks.values():
            ask("force_credit", act)


def _cpu_of(pids: list[int]) -> Callable[[], float]:
    """The CPU-seconds of this process and others since they began."""
    others = [psutil.Process(pid) for pid in pids]

    def spent() -> Iterator[float]:
        yield time.process_time()
        for other in others:
            used = other.cpu_times()
            yield used.user + used.system

    return lambda: sum(spent())
