"""A locustfile for benchmarks: rainproof's client and FastHttpUser do the same validated POST, one side in each run.

    locust -f harness/swarm/bench/side_by_side.py --headless Ours    # or Theirs, or Holders

Every user's one task asks over and over, so that what Locust needs to pick tasks is in neither figure.
"""

import os
import time
from itertools import count
from pathlib import Path
from typing import Any, Final, NoReturn

import gevent
import msgspec
from locust import FastHttpUser, User, events, task
from locust.env import Environment
from msgspec import Struct
from msgspec.structs import replace
from psutil import Process

from harness.history import Journal
from harness.swarm.client import Client
from harness.swarm.person import Keys, Person
from harness.swarm.stats import Statistics
from harness.target import load_target

VARIABLE: Final = "RAINPROOF_SIDE_BY_SIDE"
_PACKET: Final = "p-17"
_FIRST_PERSON: Final = 10_000_000
_TIMES: Final = ("cpu_s", "wall_s")


class Wish(Struct, frozen=True):
    """What a run is to do: `targets` are target files, one an address of the same server; `result` is written at the
    end. Ours and Theirs work for `seconds` after `warm_s`; every holder does `operations_each`, `pause_s` apart.
    """

    targets: list[str]
    folder: str
    result: str
    users: int
    seconds: float = 3.0
    warm_s: float = 0.5
    timeout_s: float = 10.0
    connection_each: bool = False
    operations_each: int = 10
    pause_s: float = 1.0


class Result(Struct, frozen=True):
    """Operations that were answered as promised, all others, and those on record; connections made, and held to the
    end; the process's CPU time, and the memory that is resident.
    """

    ok: int = 0
    others: int = 0
    journaled: int = 0
    connects: int = 0
    held: int = 0
    cpu_s: float = 0.0
    wall_s: float = 0.0
    resident_mb: int = 0


_NOTHING: Final = Result()


class Bench:
    """What the users of one run share."""

    def __init__(self, environment: Environment, wish: Wish) -> None:
        self.wish, self._runner = wish, environment.runner
        self.targets = [load_target(Path(path), {}) for path in wish.targets]
        self.journal = Journal.create(Path(wish.folder), f"bench.{os.getpid()}", list(self.targets[0].operations))
        self.statistics = Statistics(environment)
        self.keys = Keys(f"bench-{os.getpid()}")
        self.uids = count(_FIRST_PERSON)
        self.clients = [
            Client(
                target, self.journal, self.statistics, timeout_s=wish.timeout_s, connection_each=wish.connection_each
            )
            for target in self.targets
        ]
        self.kept = self.broken = 0
        self.at_work = wish.users
        gevent.spawn(self.statistics.flush_for_ever)

    def person(self) -> Person:
        """The next one, at the next address."""
        uid = next(self.uids)
        place = uid % len(self.targets)
        return Person(self.clients[place], self.targets[place], self.keys, uid, tagged=True)

    def window(self) -> None:
        """The seconds in which two sides are compared."""
        gevent.sleep(self.wish.warm_s)
        before = self.now()
        gevent.sleep(self.wish.seconds)
        self.tell(before)

    def tell(self, before: Result = _NOTHING) -> None:
        """Writes what came of it since `before`, and ends the test."""
        now = self.now()
        since = {name: getattr(now, name) - getattr(before, name) for name in ("ok", "others", "journaled", *_TIMES)}
        Path(self.wish.result).write_bytes(msgspec.json.encode(replace(now, **since)))
        gevent.spawn(self._runner.quit)  # which ends its caller, if that is a user

    def now(self) -> Result:
        """Everything so far."""
        outcomes = [client.outcomes for client in self.clients]
        return Result(
            ok=self.kept + sum(told["ok"] for told in outcomes),
            others=self.broken + sum(told["fail"] + told["info"] for told in outcomes),
            journaled=self.journal.issued,
            connects=sum(client.connects for client in self.clients),
            held=sum(client.idle for client in self.clients),
            cpu_s=time.process_time(),
            wall_s=time.monotonic(),
            resident_mb=Process().memory_info().rss >> 20,
        )


class OneSide:
    """Mixed into a user: the environment's bench."""

    environment: Any

    @property
    def bench(self) -> Bench:
        bench: Bench = self.environment.rainproof_bench
        return bench


class Ours(OneSide, User):  # type: ignore[misc] # Locust is untyped
    """People of ours with one client: tagged, a key for each operation, journaled, the answer's promises checked."""

    @task  # type: ignore[untyped-decorator]
    def work(self) -> NoReturn:
        person = self.bench.person()
        while True:
            person.ask("open", packet=_PACKET)


class Theirs(OneSide, FastHttpUser):  # type: ignore[misc]
    """FastHttpUser's `rest` with the same request and the same look at the answer. Nothing is on record."""

    host = "http://of.the.target"

    def on_start(self) -> None:
        self.client.base_url = self.bench.targets[0].base_url

    @task  # type: ignore[untyped-decorator]
    def work(self) -> NoReturn:
        bench, uid = self.bench, next(self.bench.uids)
        path = f"/v1/packets/{_PACKET}/open"
        while True:
            headers = {"X-Tag": "1", "X-Key": bench.keys.new()}
            with self.rest("POST", path, json={"person": uid}, headers=headers, name="open") as told:
                if told.status_code == 200 and _keeps_promises(told.js):
                    bench.kept += 1
                else:
                    bench.broken += 1
                    told.failure("malformed")


class Holders(OneSide, User):  # type: ignore[misc]
    """People with a connection each, who all hold on to it until everybody has done all operations."""

    @task  # type: ignore[untyped-decorator]
    def work(self) -> NoReturn:
        bench, person = self.bench, self.bench.person()
        for _ in range(bench.wish.operations_each):
            person.ask("open", packet=_PACKET)
            gevent.sleep(bench.wish.pause_s)
        bench.at_work -= 1
        if not bench.at_work:
            bench.tell()
        while True:
            gevent.sleep(bench.wish.pause_s)


def _keeps_promises(tree: Any) -> bool:
    return (
        type(tree) is dict
        and type(tree.get("packet")) is str
        and all(type(tree.get(name)) is int and tree[name] >= 0 for name in ("amount_fen", "sequence", "remaining_fen"))
    )


@events.init.add_listener  # type: ignore[untyped-decorator]
def _on_init(environment: Any, **_: Any) -> None:
    environment.rainproof_bench = Bench(environment, msgspec.json.decode(os.environ[VARIABLE], type=Wish))


@events.test_start.add_listener  # type: ignore[untyped-decorator]
def _on_start(environment: Any, **_: Any) -> None:
    if Holders not in environment.user_classes:
        gevent.spawn(environment.rainproof_bench.window)
