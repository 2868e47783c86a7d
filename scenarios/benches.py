"""Benchmarks: side by side in one run, so that a figure is a ratio and not the machine's mood."""

import itertools
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import msgspec

from harness import processes, servers
from harness.bench.calls import count_calls
from harness.bench.closed_loop import closed_loop
from reference_impl.bootstrap import build, create_stores
from reference_impl.domain.identifiers import PacketId, parse_packet_id
from reference_impl.packets.open import open_packet
from reference_impl.packets.pay import pay
from reference_impl.packets.send import SendRequest, send
from reference_impl.runtime import ThreadRuntime
from reference_impl.settings import Settings
from reference_impl.system import System
from scenarios.bench_grab import bench_grab
from scenarios.bench_live_total import bench_live_total
from scenarios.bench_role import role, wait_for
from scenarios.bench_sdk import bench_sdk
from scenarios.bench_simulate import simulate
from scenarios.bench_token import bench_token

CALLERS = (1, 2, 4, 8, 64, 256)
SECONDS = 2.0
"""A measurement; each side has one for each number of callers, the two sides in turn."""
SHARES = 1_000_000
"""More than a measurement can open."""
SENDER = 1

Measure = Callable[[int, PacketId, float], float]
"""Opens a second on a packet, with so many callers, for so many seconds."""


def catalogue() -> dict[str, Callable[[Mapping[str, Any]], dict[str, Any]]]:
    """Benchmarks by name; each takes the command's options and gives what `bench --json` prints."""
    return {
        "grab": bench_grab,
        "hot-packet": hot_packet,
        "live-total": bench_live_total,
        "sdk": bench_sdk,
        "simulate": simulate,
        "token": bench_token,
    }


def hot_packet(options: Mapping[str, Any]) -> dict[str, Any]:
    """Opens a second on one packet, those that wait sharing a transaction (W11) ÷ a row lock and a commit an open.

    Both sides are the code that serves users, with ledger, consumer, tag and client key, on MariaDB and Redis that
    flush as in production; each side counts at its best number of callers. With `http` both are reached by HTTP.
    """
    http = bool(options.get("http"))
    with tempfile.TemporaryDirectory(prefix="rainproof-bench-") as folder, ExitStack() as stack:
        running = stack.enter_context(servers.start(Path(folder) / "servers"))
        base = Settings(sql=running.sql, cache=running.cache, data=folder, max_shares=SHARES)
        create_stores(base)
        stack.enter_context(role(base, "credit"))
        system = build(base, ThreadRuntime(), holder="bench")
        stack.callback(system.close)
        side = _http_side if http else _in_process_side
        sides = {
            name: stack.enter_context(side(msgspec.structs.replace(base, group_commit=group)))
            for name, group in (("row_lock", False), ("group_commit", True))
        }
        figures = _in_turn(system, sides, options.get("seconds") or SECONDS)
    best = {name: max(of_side.values()) for name, of_side in figures.items()}
    return {
        "bench": "hot-packet --http" if http else "hot-packet",
        "value": round(best["group_commit"] / best["row_lock"], 1),
        "reach": 8 if http else 20,
        "unit": "opens/s ÷ opens/s with a row lock and a commit an open",
        "figures": figures,
    }


def _in_turn(system: System, sides: Mapping[str, Measure], seconds: float) -> dict[str, dict[str, float]]:
    figures: dict[str, dict[str, float]] = {name: {} for name in sides}
    for callers in CALLERS:
        for name, measure in sides.items():
            packet = _hot(system, f"{name}-{callers}")
            figures[name][str(callers)] = round(measure(callers, packet, seconds), 1)
    return figures


def _hot(system: System, name: str) -> PacketId:
    """A paid packet with more shares than a measurement can open."""
    total_fen = SHARES * 100
    system.ledger.fund(SENDER, total_fen, f"fund-{name}", tagged=False)
    order = send(system, SendRequest(SENDER, "lucky", total_fen, SHARES), f"send-{name}", tagged=False)
    at = parse_packet_id(order.packet)
    pay(system, at, SENDER)
    return at


def _open_one(system: System, packet: PacketId, person: int) -> None:
    open_packet(system, packet, person, f"bench-{person}")


@contextmanager
def _in_process_side(settings: Settings) -> Iterator[Measure]:
    """Threads that call the system directly."""
    system = build(settings, ThreadRuntime(), holder="bench")
    people = itertools.count(1000 + SHARES * settings.group_commit)

    def measure(callers: int, packet: PacketId, seconds: float) -> float:
        opened, took_s = count_calls(
            callers, seconds, lambda: _open_one(system, packet, next(people)), time.perf_counter
        )
        return opened / took_s

    yield measure
    system.close()


@contextmanager
def _http_side(settings: Settings) -> Iterator[Measure]:
    """An API process of its own, driven over keep-alive connections."""
    port = processes.free_port()
    folder = Path(settings.data) / f"api-{port}"
    people = itertools.count(1000 + SHARES * settings.group_commit)

    def measure(callers: int, packet: PacketId, seconds: float) -> float:
        def request() -> bytes:
            person = next(people)
            body = b'{"person": %d}' % person
            head = f"POST /v1/packets/{packet}/open HTTP/1.1\r\nHost: 127.0.0.1\r\nIdempotency-Key: bench-{person}\r\n"
            return head.encode() + b"Content-Length: %d\r\n\r\n%b" % (len(body), body)

        count = closed_loop("127.0.0.1", port, callers, seconds, request)
        if count.refused:
            raise RuntimeError(f"{count.refused} opens were refused")
        return count.per_s

    with role(msgspec.structs.replace(settings, data=str(folder), port=port), "api"):
        wait_for(port)
        yield measure
