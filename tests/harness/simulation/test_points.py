"""What faults mean where they strike: at statements, commits, commands, deliveries and requests."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import redis
import sqlalchemy as sa

from harness.simulation.cache import fake_client
from harness.simulation.network import Lost, ask
from harness.simulation.scheduler import Crashed, Scheduler
from harness.simulation.sql import watch
from harness.simulation.trace import Trace


class Strike:
    """One fault at the first point of one kind; otherwise the default."""

    def __init__(self, kind: str, fault: str) -> None:
        self._kind, self._fault = kind, fault

    def runs(self, actor: str, number: int, runnable: Sequence[str]) -> int:
        return 0

    def fault(self, actor: str, number: int, kind: str, possible: Sequence[str]) -> int:
        if kind != self._kind or self._fault not in possible:
            return 0
        self._kind = ""
        return possible.index(self._fault)


def struck(kind: str, fault: str, work: Callable[[], Any]) -> Any:
    """What `work` gives or raises, as an actor, when a fault strikes."""
    scheduler = Scheduler(Strike(kind, fault), frozenset([fault]), 0, Trace())
    outcome: list[Any] = []

    def act() -> None:
        try:
            outcome.append(work())
        except Exception as error:  # noqa: BLE001 the test looks at it
            outcome.append(error)
        except Crashed:
            outcome.append("crashed")
            raise

    with scheduler:
        scheduler.run([scheduler.spawn("actor", "process", act)])
    assert scheduler.struck[fault] == 1, "the fault never struck"
    return outcome[0]


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[sa.Engine]:
    engine = sa.create_engine(f"sqlite:///{tmp_path}/db", connect_args={"timeout": 0, "isolation_level": None})
    with engine.connect() as connection:
        connection.exec_driver_sql("CREATE TABLE t (n INTEGER)")
    watch(engine)
    yield engine
    engine.dispose()


def insert(engine: sa.Engine) -> None:
    with engine.connect() as connection:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        connection.exec_driver_sql("INSERT INTO t VALUES (1)")
        connection.commit()


def count(engine: sa.Engine) -> int:
    with engine.connect() as connection:
        return int(connection.exec_driver_sql("SELECT COUNT(*) FROM t").scalar_one())


@pytest.mark.parametrize(
    ("kind", "fault", "rows", "seen"),
    [
        ("sql", "fail", 0, sa.exc.OperationalError),
        ("sql", "timeout", 0, sa.exc.OperationalError),
        ("sql", "crash", 0, "crashed"),
        ("sql", "delay", 1, None),
        ("sql", "jump", 1, None),
        ("commit", "fail", 0, sa.exc.OperationalError),
        ("commit", "timeout", 1, sa.exc.OperationalError),
        ("commit", "crash", 0, "crashed"),
        ("commit", "crash_after", 1, "crashed"),
    ],
)
def test_a_fault_at_the_database(engine: sa.Engine, kind: str, fault: str, rows: int, seen: Any) -> None:
    """A commit that timed out has happened, one that failed has not; a crash undoes what was not committed."""
    outcome = struck(kind, fault, lambda: insert(engine))
    assert isinstance(outcome, seen) if isinstance(seen, type) else outcome == seen, outcome
    assert count(engine) == rows
    insert(engine)  # nobody holds a lock any more
    assert count(engine) == rows + 1


def test_a_busy_database_is_waited_for(engine: sa.Engine) -> None:
    """Who meets a lock lets others move and tries again, without an error."""
    scheduler = Scheduler(Strike("", ""), frozenset(), 0, Trace())
    with scheduler:
        scheduler.run([scheduler.spawn(name, name, lambda: hold_and_insert(scheduler, engine)) for name in "abc"])
    assert count(engine) == 3


def hold_and_insert(scheduler: Scheduler, engine: sa.Engine) -> None:
    with engine.connect() as connection:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        scheduler.sleep(0.1)
        connection.exec_driver_sql("INSERT INTO t VALUES (1)")
        connection.commit()


@pytest.mark.parametrize(
    ("fault", "value", "seen"),
    [
        ("fail", None, redis.ConnectionError),
        ("timeout", "1", redis.TimeoutError),
        ("twice", "2", 2),
        ("delay", "1", 1),
        ("crash", None, "crashed"),
        ("crash_after", "1", "crashed"),
    ],
)
def test_a_fault_at_the_cache(fault: str, value: str | None, seen: Any) -> None:
    """A command that timed out was done, one that failed was not, and one may be done twice."""
    cache = fake_client()
    outcome = struck("cache", fault, lambda: cache.incr("counter"))
    assert isinstance(outcome, seen) if isinstance(seen, type) else outcome == seen
    assert cache.get("counter") == value


@pytest.mark.parametrize(("fault", "value"), [("fail", None), ("timeout", "1"), ("twice", "2")])
def test_a_fault_at_a_pipeline(fault: str, value: str | None) -> None:
    """All of a pipeline, or nothing; or all of it twice."""
    cache = fake_client()

    def pipeline() -> None:
        with cache.pipeline() as pipe:
            pipe.incr("counter")
            pipe.incr("other")
            pipe.execute()

    struck("cache", fault, pipeline)
    assert cache.get("counter") == cache.get("other") == value


def test_a_wiped_cache_has_nothing() -> None:
    """What was there before the call is gone."""
    cache = fake_client()
    cache.set("old", "1")
    assert struck("cache", "wipe", lambda: cache.get("old")) is None


def test_a_delivery_in_the_wrong_order_loses_nothing() -> None:
    """A stream's messages come last first, all of them."""
    cache = fake_client()
    cache.xgroup_create("s", "g", id="0", mkstream=True)
    for number in range(3):
        cache.xadd("s", {"n": number})

    def receive() -> list[str]:
        ((_, entries),) = cache.xreadgroup("g", "c", {"s": ">"})
        return [fields["n"] for _, fields in entries]

    assert struck("stream", "reorder", receive) == ["2", "1", "0"]


def test_the_fake_cache_reads_the_schedules_clock() -> None:
    """A key expires when simulated time has come to it, and not before."""
    cache, scheduler, left = fake_client(), Scheduler(Strike("", ""), frozenset(), 0, Trace()), []

    def wait() -> None:
        cache.set("key", "1", ex=10)
        for _ in range(3):
            scheduler.sleep(4.0)
            left.append(cache.get("key"))

    with scheduler:
        scheduler.run([scheduler.spawn("actor", "process", wait)])
    assert left == ["1", "1", None]


@pytest.mark.parametrize(
    ("fault", "served", "seen"), [("fail", 0, Lost), ("timeout", 1, Lost), ("twice", 2, 1), ("delay", 1, 1)]
)
def test_a_fault_on_the_way_to_a_process(fault: str, served: int, seen: Any) -> None:
    """A request that failed was never served, one whose answer was lost was; a doubled one has two servers."""
    calls: list[int] = []

    def serve() -> int:
        calls.append(1)
        return len(calls)

    scheduler = Scheduler(Strike("http", fault), frozenset([fault]), 0, Trace())
    outcome: list[Any] = []

    def call() -> None:
        try:
            outcome.append(ask(scheduler, "api", "count", serve, patience_s=1.0))
        except Lost as lost:
            outcome.append(lost)
        scheduler.sleep(1.0)

    with scheduler:
        scheduler.run([scheduler.spawn("caller", "people", call)])
    assert len(calls) == served
    assert isinstance(outcome[0], seen) if isinstance(seen, type) else outcome == [seen]


def test_who_asks_a_process_that_dies_is_told_at_once() -> None:
    """The connection breaks with the process, also for a request that was not begun."""
    scheduler, lost = Scheduler(Strike("", ""), frozenset(), 0, Trace()), []

    def call() -> None:
        with pytest.raises(Lost, match="broke"):
            ask(scheduler, "api", "wait", lambda: scheduler.sleep(50.0), patience_s=100.0)
        lost.append(scheduler.now_ns)

    def kill() -> None:
        scheduler.sleep(1.0)
        scheduler.crash("api")

    with scheduler:
        caller = scheduler.spawn("caller", "people", call)
        scheduler.spawn("killer", "operator", kill)
        scheduler.run([caller])
    assert lost[0] < 2e9
