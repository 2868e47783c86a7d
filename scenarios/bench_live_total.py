"""What the live total costs Redis, by its two plans (B13): the same awards and readers, the same loss of a key."""

import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

import redis
from msgspec import Struct, structs

from harness import servers
from reference_impl.domain.acts import act_id
from reference_impl.runtime import ThreadRuntime
from reference_impl.stores.cache import connect_cache
from reference_impl.wallet.total_store import Merged, Spread, TotalStore, spread_key, total_key

INSTANCES: Final = 4
AWARDS_PER_S: Final = (300, 3000)
"""A measurement each: little traffic and much."""
READS: Final = 6
"""For each award, as the document expects them: 1.8 million a second for 300,000."""
TICK_S: Final = 0.25
SECONDS: Final = 2.0
REACH: Final = 100
_CALLS: Final = ("get", "incrby", "evalsha", "eval")
"""What clients ask; a script's own commands are others."""
_PLANS: Final[Mapping[str, Callable[[redis.Redis], TotalStore]]] = {
    "plan_1": lambda client: Spread(client, ThreadRuntime(), "bench"),
    "plan_2": lambda client: Merged(client, None, ThreadRuntime(), "bench"),
}


class Figures(Struct, frozen=True):
    """Of one plan under one traffic; `awards_per_s` is what was achieved."""

    awards_per_s: float
    redis_calls_per_s: float
    redis_calls_per_1000: float
    """For each thousand awards and reads."""
    shown_after_s: float
    """From the last award until every instance shows it."""
    error_percent: float
    """In the end, after a key was lost."""
    monotone: bool
    """Whether no instance showed less than before when a key was lost."""


def bench_live_total(options: Mapping[str, Any]) -> dict[str, Any]:
    """Redis calls for a thousand awards and reads by plan 1 ÷ those by plan 2, under the most traffic."""
    seconds = options.get("seconds") or SECONDS
    figures: dict[str, dict[str, Figures]] = {plan: {} for plan in _PLANS}
    with tempfile.TemporaryDirectory(prefix="rainproof-bench-") as folder, ExitStack() as stack:
        running = stack.enter_context(servers.start(Path(folder) / "servers", mariadb=False))
        client = connect_cache(running.cache, folder)
        stack.callback(client.close)
        for per_s in AWARDS_PER_S:
            for plan, make in _PLANS.items():
                client.flushall()
                instances = [make(client) for _ in range(INSTANCES)]
                figures[plan][str(per_s)] = _measure(client, instances, per_s, seconds)
    most = str(max(AWARDS_PER_S))
    ratio = figures["plan_1"][most].redis_calls_per_1000 / figures["plan_2"][most].redis_calls_per_1000
    return {
        "bench": "live-total",
        "value": round(ratio, 1),
        "reach": REACH,
        "unit": "Redis calls for a thousand awards and reads by plan 1 ÷ by plan 2",
        "figures": {plan: {n: structs.asdict(one) for n, one in of.items()} for plan, of in figures.items()},
    }


def _measure(client: redis.Redis, instances: list[TotalStore], per_s: int, seconds: float) -> Figures:
    given_fen = int(per_s * seconds)
    with _ticking(instances):
        calls, took_s = -_calls(client), -time.perf_counter()
        _serve(instances, given_fen, per_s)
        calls, took_s = calls + _calls(client), took_s + time.perf_counter()
        shown_after_s = _until_shown(instances, given_fen)
    before = [instance.read(False) or 0 for instance in instances]
    client.delete(total_key(False), spread_key(1, False))
    for instance in instances:
        instance.tick(from_backup=False)
    after = [instance.read(False) or 0 for instance in instances]
    return Figures(
        awards_per_s=round(given_fen / took_s, 1),
        redis_calls_per_s=round(calls / took_s, 1),
        redis_calls_per_1000=round(1000 * calls / (given_fen * (1 + READS)), 3),
        shown_after_s=round(shown_after_s, 3),
        error_percent=round(100 * abs(given_fen - instances[0].standing(False)["total"]) / given_fen, 3),
        monotone=all(later >= earlier for earlier, later in zip(before, after, strict=True)),
    )


def _serve(instances: list[TotalStore], awards: int, per_s: int) -> None:
    """So many awards of a fen, and their readers, in the instances in turn; what is late is served late."""
    began = time.perf_counter()
    for number in range(awards):
        ahead_s = began + number / per_s - time.perf_counter()
        if ahead_s > 0:
            time.sleep(ahead_s)
        instance = instances[number % INSTANCES]
        instance.add(act_id(1 + number, tagged=False), 1, frozen=False)
        for _ in range(READS):
            instance.read(False)


@contextmanager
def _ticking(instances: list[TotalStore]) -> Iterator[None]:
    """Within the block each instance does what it does once in an interval."""
    over = threading.Event()

    def tick() -> None:
        while not over.wait(TICK_S):
            for instance in instances:
                instance.tick(from_backup=False)

    ticker = threading.Thread(target=tick)
    ticker.start()
    try:
        yield
    finally:
        over.set()
        ticker.join()


def _until_shown(instances: list[TotalStore], given_fen: int) -> float:
    """How long it takes until all show so much. TimeoutError: some never do."""
    began = time.perf_counter()
    while any((instance.read(False) or 0) < given_fen for instance in instances):
        if time.perf_counter() - began > 10:
            raise TimeoutError(f"{given_fen} fen were given, and not every instance shows them")
        time.sleep(0.005)
    return time.perf_counter() - began


def _calls(client: redis.Redis) -> int:
    """What clients have asked of Redis for the total, since it began."""
    told: Any = client.info("commandstats")
    return sum(told.get(f"cmdstat_{name}", {}).get("calls", 0) for name in _CALLS)
