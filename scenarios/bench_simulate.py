"""`bench simulate`: how fast the simulator goes, its parts told apart.

SQL only: people open packets and are credited by the reference's own use of its databases, without cache and HTTP, in
transactions that contend for rows: SQLAlchemy Core, a point at every statement and commit, a random choice of who goes
on at each, every point in the trace's hash. Then whole schedules of a world, with all that goes before and after them.
"""

import multiprocessing
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from datetime import date
from functools import partial
from random import Random
from typing import Any, Final, NamedTuple

from harness.simulation.explore import Search, explore, schedules
from harness.simulation.faults import FAULTS
from harness.simulation.judging import accused
from harness.simulation.runtime import ProcessRuntime
from harness.simulation.schedule import START_NS, Played
from harness.simulation.scheduler import Scheduler
from harness.simulation.shrink import shrink
from harness.simulation.stand import stand
from harness.simulation.strategies import Uniform
from harness.simulation.tape import weight
from harness.simulation.trace import Trace
from harness.simulation.world import Deployment
from reference_impl.bootstrap import Stores
from reference_impl.domain.identifiers import COUNTER_SOURCE, PacketId
from reference_impl.domain.packet import OpenRequest, Order, Voucher, decide_opens, paid_packet
from reference_impl.ledger.ledger import Ledger
from reference_impl.packets import rows
from reference_impl.stores.sql import Store
from scenarios.worlds.group_grab import WORLD

BACKENDS: Final = {"embedded": "sqlite", "servers": "mariadb"}
SECONDS: Final = 3.0
"""Each measurement takes about so long."""
PEOPLE: Final = 4
OPENS: Final = 10
"""So many shares of a packet of their own each of them opens in a schedule, for others."""
SQL: Final = ("sql", "commit")
MUTANT: Final = "read_modify_write"
"""Its counterexample is shrunk."""


def simulate(options: Mapping[str, Any]) -> dict[str, Any]:
    """SQL-only points/s on SQLite; among the figures MariaDB, whole schedules with and without faults, a shrinking.

    The value is that of the best schedule, for others may use the machine meanwhile; the figures have the mean as well,
    and what it would be if this process had a core to itself (on MariaDB, what the server needs is not in that).
    """
    seconds, seed = options.get("seconds") or SECONDS, options.get("seed") or 0
    figures: dict[str, Any] = {}
    for backend, store in BACKENDS.items():
        with stand(WORLD, backend) as deployment:
            figures[f"sql_only_{store}"] = _sql_only(deployment, seed, seconds)
            for faults, name in ((frozenset[str](), "no_faults"), (frozenset(FAULTS), "faults")):
                figures[f"{WORLD.name}_{store}_{name}"] = _whole(deployment, seed, faults, seconds)
    figures["shrink"] = _apart(_shrink, seed)
    return {
        "bench": "simulate",
        "value": figures["sql_only_sqlite"]["best_points_per_s"],
        "reach": 8000,
        "unit": "SQL-only points/s on SQLite",
        "figures": figures,
    }


# --- SQL only ---------------------------------------------------------------------------------------------------------


class _Lived(NamedTuple):
    """One schedule: its points at statements and commits, and the time in which people lived."""

    points: int
    wall_s: float
    cpu_s: float


def _sql_only(deployment: Any, seed: int, seconds: float) -> dict[str, float]:
    """Schedules of the reference until the time is up, after one that is not counted."""
    _play_sql(deployment, f"{seed}|warm")
    lived: list[_Lived] = []
    while sum(one.wall_s for one in lived) < seconds:
        lived.append(_play_sql(deployment, f"{seed}|{len(lived)}"))
    points, wall_s, cpu_s = (sum(column) for column in zip(*lived, strict=True))
    return {
        "best_points_per_s": round(max(one.points / one.wall_s for one in lived)),
        "points_per_s": round(points / wall_s),
        "points_per_cpu_s": round(points / cpu_s),
        "schedules": len(lived),
    }


def _play_sql(deployment: Any, seed: str) -> _Lived:
    spent = _Spent()
    with Scheduler(Uniform(Random(seed), 1), frozenset(), START_NS, Trace()) as scheduler:
        deployment.reset()
        runtime, ledger = ProcessRuntime("bench", seed), Ledger(deployment.stores.ledger)
        packets = [_packet(ledger, deployment.stores, person) for person in range(1, PEOPLE + 1)]
        people = [
            scheduler.spawn(f"person-{packet.sender}", "bench", partial(_live, ledger, runtime, packet))
            for packet in packets
        ]
        with spent.on("live"):
            scheduler.run(until=people)
        return _Lived(sum(scheduler.points[kind] for kind in SQL), spent.wall["live"], spent.cpu["live"])


class _Packet(NamedTuple):
    store: Store
    at: PacketId
    sender: int


def _packet(ledger: Ledger, stores: Stores, sender: int) -> _Packet:
    """A paid packet of the sender's own, in one of the regions."""
    (region, shard), store = list(stores.orders.items())[sender % len(stores.orders)]
    at = PacketId(region, False, COUNTER_SOURCE, date(2028, 2, 1), shard, 1, sender)
    order = Order(str(at), sender, "lucky", 100 * OPENS, OPENS, f"key-{sender}", lifetime_us=10**9)
    ledger.fund(order.sender, order.total_fen, f"fund-{sender}", tagged=False)
    paid = paid_packet(ledger.pay(order, tagged=False))
    store.write(lambda connection: rows.insert_packet(connection, paid, at))
    return _Packet(store, at, sender)


def _live(ledger: Ledger, runtime: ProcessRuntime, packet: _Packet) -> None:
    """Open the packet for one after the other, every second of whom has their account in the other shard."""
    for number in range(OPENS):
        person = 2 * (PEOPLE * number + packet.sender) + (packet.sender + number) % 2
        made = _open(packet, person, runtime.draw)
        ledger.credit(packet.sender, made, tagged=False)
        ledger.balance_fen(person, tagged=False)


def _open(packet: _Packet, person: int, draw: Callable[[], int]) -> list[Voucher]:
    store, at = packet.store, packet.at

    def work(connection: Any) -> list[Voucher]:
        locked = rows.lock_packet(connection, at)
        if locked is None:
            raise RuntimeError(f"packet {at} is gone")
        before, now_us = locked
        standing = {voucher.person: voucher for voucher in rows.opens_of(connection, at, [person])}
        decided = decide_opens(before, standing, [OpenRequest(person, "bench")], now_us, draw)
        rows.insert_vouchers(connection, store, decided.made, at)
        rows.update_packet(connection, before, decided.packet, at)
        return decided.made

    return store.write(work)


# --- whole schedules --------------------------------------------------------------------------------------------------


def _whole(deployment: Deployment, seed: int, faults: frozenset[str], seconds: float) -> dict[str, float]:
    """Schedules of the world a second, and the milliseconds of each that its parts take."""
    spent, played = _Spent(), list[Played]()
    timed: Any = _Timed(deployment, spent)
    search = Search(seed=seed, schedules=1 << 30, faults=faults)
    with spent.on("all"):
        for _, _, _, one in schedules(WORLD, timed, search):
            played.append(one)
            with spent.on("judge"):
                if accused(one, WORLD.claims):
                    raise RuntimeError(f"a schedule of {WORLD.name} is accused: rainproof simulate {WORLD.name}")
            if time.perf_counter() >= spent.began + seconds:
                break
    count = len(played)
    points = sum(one.points.total() for one in played)
    parts = ("reset", "drain", "evidence", "judge")
    live = {clock: spent_on["all"] - sum(spent_on[part] for part in parts) for clock, spent_on in spent.clocks.items()}
    return {
        "schedules_per_s": round(count / spent.wall["all"], 1),
        "schedules_per_cpu_s": round(count / spent.cpu["all"], 1),
        "points_per_s": round(points / live["wall"]),
        "points_per_cpu_s": round(points / live["cpu"]),
        "points_a_schedule": round(points / count),
        "faults_a_schedule": round(sum(one.struck.total() for one in played) / count, 2),
        "live_ms": round(1000 * live["wall"] / count, 2),
        **{f"{part}_ms": round(1000 * spent.wall[part] / count, 2) for part in parts},
    }


class _Spent:
    """Seconds by part, on the wall and on this process's CPU."""

    def __init__(self) -> None:
        self.wall: dict[str, float] = defaultdict(float)
        self.cpu: dict[str, float] = defaultdict(float)
        self.began = time.perf_counter()

    @property
    def clocks(self) -> dict[str, dict[str, float]]:
        return {"wall": self.wall, "cpu": self.cpu}

    @contextmanager
    def on(self, part: str) -> Iterator[None]:
        wall, cpu = time.perf_counter(), time.process_time()
        try:
            yield
        finally:
            self.wall[part] += time.perf_counter() - wall
            self.cpu[part] += time.process_time() - cpu


class _Timed:
    """A deployment whose resetting, draining and looking is timed."""

    def __init__(self, deployment: Deployment, spent: _Spent) -> None:
        self._deployment, self._spent = deployment, spent

    def __getattr__(self, name: str) -> Any:
        done = getattr(self._deployment, name)
        if name not in ("reset", "drain", "evidence"):
            return done

        def timed(*arguments: Any) -> Any:
            with self._spent.on(name):
                return done(*arguments)

        return timed


# --- shrinking --------------------------------------------------------------------------------------------------------


def _apart(work: Callable[[int], dict[str, Any]], seed: int) -> dict[str, Any]:
    """In a process of its own: a bug, once planted, stays."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(work, seed).result()


def _shrink(seed: int) -> dict[str, Any]:
    faults = frozenset(FAULTS)
    with stand(WORLD, "embedded", MUTANT) as deployment:
        found = explore(WORLD, deployment, Search(seed=seed, schedules=1000, faults=faults)).found[0]
        small = shrink(deployment, found.plan, found.played, faults, found.accused[0], found.seed)
    return {
        "mutant": MUTANT,
        "seconds": round(small.seconds, 2),
        "attempts": small.attempts,
        "choices_before": weight(found.played.tape),
        "choices": small.choices,
    }
