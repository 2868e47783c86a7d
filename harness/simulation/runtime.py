"""Time, chance and concurrency for code under simulation; the shape of the runtime that production code is given."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from hashlib import blake2b

from harness.simulation.faults import PAUSE, befall
from harness.simulation.scheduler import Scheduler, acting, active


class Lock:
    """A mutex of one process. Free for whoever is outside a schedule."""

    def __init__(self) -> None:
        self.ready = True

    def __enter__(self) -> None:
        scheduler = acting()
        if scheduler is not None:
            scheduler.point("lock", "lock")
            while not self.ready:
                scheduler.wait(self)
        self.ready = False

    def __exit__(self, *_: object) -> None:
        self.ready = True


class Signal:
    """A one-shot event."""

    __slots__ = ("ready",)

    def __init__(self) -> None:
        self.ready = False

    def set(self) -> None:
        self.ready = True

    def wait(self, timeout_s: float) -> bool:
        return _scheduler().wait(self, timeout_s)


class Databases:
    """What stores are given, which outlive a schedule: the databases' own clock, and waiting for them."""

    def now_us(self) -> int:
        """Only while a schedule, its setting up or its looking on, is under way."""
        return _scheduler().now_ns // 1000

    def today(self) -> date:
        return _day(self.now_us())

    def sleep(self, seconds: float) -> None:
        scheduler = acting()
        if scheduler is not None:
            scheduler.sleep(seconds)

    def lock(self) -> Lock:
        return Lock()

    def signal(self) -> Signal:
        return Signal()

    def spawn(self, name: str, work: Callable[[], None]) -> None:
        raise RuntimeError(f"a database cannot spawn {name}")

    def draw(self) -> int:
        raise RuntimeError("a database draws nothing")


class ProcessRuntime(Databases):
    """What one process is given. Its clock may be off; what it draws follows from the seed, the actor and their count,
    so that one person's luck does not hang on who else is there."""

    def __init__(self, process: str, seed: str) -> None:
        self._process = process
        self._seed = seed
        self._drawn: dict[str, int] = {}

    def now_us(self) -> int:
        return super().now_us() + _scheduler().off_us.get(self._process, 0)

    def sleep(self, seconds: float) -> None:
        scheduler = acting()
        if scheduler is not None:
            befall(scheduler, scheduler.point("pause", f"{seconds:g} s", faults=PAUSE))
            scheduler.sleep(seconds)

    def spawn(self, name: str, work: Callable[[], None]) -> None:
        _scheduler().spawn(f"{self._process}:{name}", self._process, work)

    def draw(self) -> int:
        scheduler = acting()
        who = scheduler.current.name if scheduler is not None and scheduler.current is not None else ""
        count = self._drawn[who] = self._drawn.get(who, 0) + 1
        return int.from_bytes(blake2b(f"{self._seed}|{who}|{count}".encode(), digest_size=8).digest(), "big")


def _scheduler() -> Scheduler:
    scheduler = active()
    if scheduler is None:
        raise RuntimeError("no schedule is under way: simulated time stands still")
    return scheduler


def _day(now_us: int) -> date:
    return datetime.fromtimestamp(now_us / 1_000_000, UTC).date()
