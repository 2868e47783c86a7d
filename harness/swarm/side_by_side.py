"""A locustfile for benchmarks: rainproof's client and FastHttpUser do the same validated POST, one side in each run.

locust -f harness/swarm/side_by_side.py --headless Ours    # or Theirs, or Held

Every user's one task asks over and over, so that what Locust needs to pick tasks is in neither figure.
"""

import json
import os
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any, ClassVar, Final

import gevent
import msgspec
from gevent.event import Event
from locust import FastHttpUser, User, events, task
from locust.env import Environment
from msgspec import Struct

from harness.history import Journal
from harness.swarm.client import Client
from harness.swarm.person import Keys, Person
from harness.swarm.stats import Statistics
from harness.target import Target, load_target

VARIABLE: Final = "RAINPROOF_SIDE_BY_SIDE"
_FLUSH_AFTER_S: Final = 0.2


class Wish(Struct, frozen=True):
    """What a run is to do: `targets` are target files of one server's addresses, `result` is written at the end."""

    targets: list[str]
    folder: str
    result: str
    seconds: float = 3.0
    warm_s: float = 0.5
    operations_each: int = 10


class Result(Struct, frozen=True):
    """What came of it: operations that were answered as promised, all others, and their cost within the window."""

    ok: int
    others: int
    cpu_s: float
    wall_s: float
    connects: int = 0
    held: int = 0


class Bench:
    """What the users of one run share."""

    def __init__(self, environment: Environment, wish: Wish) -> None:
        self.wish = wish
        self._runner: Any = environment.runner
        self.targets = [load_target(Path(path), {}) for path in wish.targets]
        self.journal = Journal.create(Path(wish.folder), f"bench.{os.getpid()}", list(self.targets[0].operations))
        self.statistics = Statistics(environment)
        self.clients: list[Client] = []
        self.keys = Keys(f"bench-{os.getpid()}")
        self.uids = count(10_000_000)
        self.by_hand = {"ok": 0, "others": 0}
        gevent.spawn(self.statistics.flush_for_ever)

    def client(self, target: Target) -> Client:
        client = Client(target, self.journal, self.statistics)
        self.clients.append(client)
        return client

    def person(self, client: Client, target: Target) -> Person:
        return Person(client, target, self.keys, next(self.uids), tagged=True)

    def counted(self) -> tuple[int, int]:
        """Operations answered as promised, and all others."""
        ok, others = self.by_hand["ok"], self.by_hand["others"]
        for client in self.clients:
            ok += client.outcomes["ok"]
            others += client.outcomes["fail"] + client.outcomes["info"]
        return ok, others

    def window(self) -> None:
        """Measures operations and CPU time for the seconds that are wished, and ends the test."""
        gevent.sleep(self.wish.warm_s)
        began, (ok, others), cpu_s = time.monotonic(), self.counted(), time.process_time()
        gevent.sleep(self.wish.seconds)
        cpu_s, wall_s, after = time.process_time() - cpu_s, time.monotonic() - began, self.counted()
        self.tell(Result(ok=after[0] - ok, others=after[1] - others, cpu_s=cpu_s, wall_s=wall_s))

    def tell(self, result: Result) -> None:
        Path(self.wish.result).write_bytes(msgspec.json.encode(result))
        self._runner.quit()


class BenchUser(User):  # type: ignore[misc] # Locust is untyped
    abstract = True
    environment: Any

    @property
    def bench(self) -> Bench:
        bench: Bench = self.environment.rainproof_bench
        return bench


class Ours(BenchUser):
    """A person of ours: tagged, with a key for each operation, journaled, the promises of the answer checked."""

    client_shared: ClassVar[Client | None] = None

    @task  # type: ignore[untyped-decorator]
    def work(self) -> None:
        target = self.bench.targets[0]
        if Ours.client_shared is None:
            Ours.client_shared = self.bench.client(target)
        person = self.bench.person(Ours.client_shared, target)
        while True:
            person.ask("open", packet="p-17")


class Theirs(FastHttpUser):  # type: ignore[misc]
    """FastHttpUser's `rest` with the same request and the same look at the answer."""

    environment: Any
    host = "http://127.0.0.1"

    def on_start(self) -> None:
        bench: Bench = self.environment.rainproof_bench
        self.client.base_url = bench.targets[0].base_url

    @task  # type: ignore[untyped-decorator]
    def work(self) -> None:
        bench: Bench = self.environment.rainproof_bench
        counts, keys, uid = bench.by_hand, bench.keys, next(bench.uids)
        while True:
            headers = {"X-Key": keys.new(), "X-Tag": "1"}
            with self.rest("POST", "/v1/packets/p-17/open", json={"person": uid}, headers=headers, name="open") as told:
                if told.status_code == 200 and _keeps_promises(told.js):
                    counts["ok"] += 1
                else:
                    counts["others"] += 1
                    told.failure("malformed")


def _keeps_promises(tree: Any) -> bool:
    return (
        type(tree) is dict
        and type(tree.get("packet")) is str
        and all(type(tree.get(name)) is int and tree[name] >= 0 for name in ("amount_fen", "sequence", "remaining_fen"))
    )


@events.init.add_listener  # type: ignore[untyped-decorator]
def _on_init(environment: Any, **_: Any) -> None:
    environment.rainproof_bench = Bench(environment, msgspec.json.decode(os.environ[VARIABLE], type=Wish))


@events.spawning_complete.add_listener  # type: ignore[untyped-decorator]
def _on_spawned(user_count: int, **_: Any) -> None:
    pass
