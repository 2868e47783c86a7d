"""What a grab costs, by the level that answers it (W08): the same people, the same packet, the same answers."""

import itertools
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import psutil
from msgspec import Struct

from harness import servers
from harness.bench.calls import count_calls
from harness.bench.one_core import on_one_core
from reference_impl.bootstrap import build, create_stores
from reference_impl.domain.identifiers import PacketId, parse_packet_id
from reference_impl.packets.grab import grab
from reference_impl.packets.open import open_packet
from reference_impl.packets.pay import pay
from reference_impl.packets.send import SendRequest, send
from reference_impl.runtime import ThreadRuntime
from reference_impl.settings import Settings
from reference_impl.system import System

CALLERS: Final = (1, 2, 4, 8)
SECONDS: Final = 1.0
"""A measurement; each side has one for each number of callers, the sides in turn."""
SENDER: Final = 1
SHARES: Final = 100
OPENED: Final = 50
SIDES: Final[Mapping[str, tuple[str, ...]]] = {
    "cache": (),
    "memory": ("grab_database",),
    "database": ("grab_database", "memory_off"),
}
"""What is switched on so that the level answers."""
REACH: Final = 5


class Count(Struct, frozen=True):
    """Grabs answered; the CPU-seconds that callers, MariaDB and Redis spent on them."""

    grabs: int
    cpu_s: float


def bench_grab(options: Mapping[str, Any]) -> dict[str, Any]:
    """Grabs answered from the cache per CPU-second ÷ those answered from the database, each at its best number of
    callers; callers, MariaDB and Redis share one core.

    RuntimeError: another level answered than the one that is measured.
    """
    seconds = options.get("seconds") or SECONDS
    with tempfile.TemporaryDirectory(prefix="rainproof-bench-") as folder, ExitStack() as stack:
        running = stack.enter_context(servers.start(Path(folder) / "servers"))
        settings = Settings(sql=running.sql, cache=running.cache, data=folder, memory_s=3600)
        create_stores(settings)
        system = build(settings, ThreadRuntime(), holder="bench")
        stack.callback(system.close)
        system.controls.set("guard_per_s", 0, "bench")  # it would refuse what is measured
        at = _half_open(system)
        burnt = _cpu_of(running)
        stack.enter_context(on_one_core(_pids(running)))
        figures: dict[str, dict[str, float]] = {side: {} for side in SIDES}
        for callers in CALLERS:
            for side in SIDES:
                _switch(system, side)
                count = _measure(system, at, side, callers, seconds, burnt)
                figures[side][str(callers)] = round(count.grabs / count.cpu_s, 1)
    best = {side: max(of_side.values()) for side, of_side in figures.items()}
    return {
        "bench": "grab",
        "value": round(best["cache"] / best["database"], 1),
        "reach": REACH,
        "unit": "grabs per CPU-second from the cache ÷ from the database",
        "figures": figures,
    }


def _half_open(system: System) -> PacketId:
    """A packet of which half the shares are taken."""
    system.ledger.fund(SENDER, SHARES * 100, "fund", tagged=False)
    order = send(system, SendRequest(SENDER, "lucky", SHARES * 100, SHARES), "send", tagged=False)
    at = parse_packet_id(order.packet)
    pay(system, at, SENDER)
    for person in range(2, 2 + OPENED):
        open_packet(system, at, person, f"open-{person}")
    return at


def _switch(system: System, side: str) -> None:
    for name in SIDES["database"]:
        system.controls.set(name, int(name in SIDES[side]), "bench")


def _measure(
    system: System, at: PacketId, side: str, callers: int, seconds: float, burnt: Callable[[], float]
) -> Count:
    answered = system.counts.value("read", "grab", side)
    people = itertools.count(1000)
    count = Count(*count_calls(callers, seconds, lambda: grab(system, at, next(people)), burnt))
    answered = system.counts.value("read", "grab", side) - answered
    if answered != count.grabs + callers:
        raise RuntimeError(f"of {count.grabs + callers} grabs {answered} were answered by the {side}")
    return count


def _cpu_of(running: servers.Running) -> Callable[[], float]:
    """The CPU-seconds of this process and both servers, since they began."""
    processes = [psutil.Process(pid) for pid in _pids(running)]

    def times() -> Iterator[float]:
        yield time.process_time()
        for process in processes:
            spent = process.cpu_times()
            yield spent.user + spent.system

    return lambda: sum(times())


def _pids(running: servers.Running) -> list[int]:
    return [server.pid for server in (running.mariadb, running.redis) if server]
