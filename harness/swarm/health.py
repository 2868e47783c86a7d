"""What a worker says of itself: how it is getting on, once a second, and at the end how well it kept its schedule."""

import os
import time
from collections.abc import Iterable
from pathlib import Path
from typing import ClassVar, Self

import msgspec
from msgspec import Struct


class Lag(Struct, frozen=True):
    """How long after they were due arrivals were started, in microseconds."""

    p50: int
    p99: int
    max: int

    @classmethod
    def of(cls, lags_ns: Iterable[int]) -> Self:
        ordered = sorted(lags_ns)
        if not ordered:
            return cls(0, 0, 0)
        last = len(ordered) - 1
        return cls(*(ordered[round(last * share)] // 1000 for share in (0.5, 0.99, 1.0)))


class Spread(Struct, frozen=True):
    """A herd from its first to its last: when they were due, and when they were started, in ns after T0."""

    people: int
    first_due_ns: int
    last_due_ns: int
    first_ns: int
    last_ns: int

    @classmethod
    def of_one(cls, due_ns: int, lag_ns: int) -> Self:
        return cls(1, due_ns, due_ns, due_ns + lag_ns, due_ns + lag_ns)

    def joined(self, other: Self) -> "Spread":
        """Both as one herd."""
        return Spread(
            self.people + other.people,
            min(self.first_due_ns, other.first_due_ns),
            max(self.last_due_ns, other.last_due_ns),
            min(self.first_ns, other.first_ns),
            max(self.last_ns, other.last_ns),
        )


class Progress(Struct, frozen=True):
    """A worker in mid-run. `phase`: prepare, load, done."""

    worker: str
    phase: str
    issued: int
    ok: int
    fail: int
    info: int
    arrivals: int
    started: int


class Health(Struct, frozen=True):
    """A worker at the end. `complete`: its whole part of the schedule was played, and no script raised.

    `load_s`, `cpu_share` (of one core) and `operations_per_s` are of the load phase, without the preparations.
    """

    worker: str
    part: int
    parts: int
    complete: bool
    issued: int
    arrivals: int
    started: int
    dispatch_lag_us: Lag
    cpu_share: float
    load_s: float
    operations_per_s: float
    connects: int
    in_flight_max: int
    crashes: list[str]
    herds: dict[str, Spread] = {}


class Ending(Struct, frozen=True):
    """How the load ended, as the master saw it: ending.json of a run that Locust's own command played.

    `problems`: why it is not all that the schedule wanted. `begun_again`: parts that were lost in mid-load and begun
    again by other people. `late_ms`: how late the p99 of a worker's arrivals was allowed to be.
    """

    FILE: ClassVar[str] = "ending.json"

    exit_code: int
    parts: int
    problems: list[str]
    begun_again: list[int]
    late_ms: float


class Played(Struct, frozen=True):
    """What a Meter measured."""

    load_s: float = 0.0
    cpu_share: float = 0.0
    operations_per_s: float = 0.0


class Meter:
    """Measures wall and CPU time of one worker's load phase; the first `end` after `begin` counts."""

    def __init__(self) -> None:
        self._began: tuple[float, float, int] | None = None
        self._played: Played | None = None

    def begin(self, issued: int) -> None:
        self._began = (time.monotonic(), time.process_time(), issued)

    def end(self, issued: int) -> Played:
        """`issued` counts operations since the process began."""
        if self._began is None:
            return Played()
        if self._played is None:
            began_s, began_cpu_s, issued_before = self._began
            load_s = time.monotonic() - began_s
            cpu_s = time.process_time() - began_cpu_s
            self._played = Played(
                load_s=round(load_s, 3),
                cpu_share=round(cpu_s / load_s, 3),
                operations_per_s=round((issued - issued_before) / load_s, 1),
            )
        return self._played


def write(path: Path, what: Struct) -> None:
    """Writes `what` as JSON; a reader sees the old file or the new one, never a half."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.{time.monotonic_ns()}")
    draft.write_bytes(msgspec.json.encode(what))
    draft.replace(path)
