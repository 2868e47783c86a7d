"""The load: Locust's master and workers as processes of their own, watched until their schedule is played."""

import contextlib
import math
import os
import re
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from subprocess import Popen
from typing import Any, Final

import msgspec
from msgspec import Struct, field

from harness import processes
from harness.config import ConfigError
from harness.progress import Load, Teller
from harness.swarm.health import Ending, Health, Progress, Spread

SETTINGS_VARIABLE: Final = "RAINPROOF_SWARM"
LATE_MS: Final = 1000.0
"""A worker of whose arrivals one in a hundred started later than this did not keep its schedule."""
LATE_ALONE_MS: Final = 1.0
"""The same where the target has machines of its own, and the generator need not queue for a core behind it."""
CPU_FULL: Final = 0.95
"""Share of a core from which on a worker, which has one thread, is at its end."""
_LOOK_EVERY_S: Final = 0.1
_LINGER_S: Final = 10.0  # for workers to end after their master has
_ERROR: Final = re.compile(r"/(?:ERROR|CRITICAL)/[\w.]+: ")
_CANNOT_PREPARE: Final = 2  # the master's status for bad input that a worker found
_EXIT_REASONS: Final = {
    3: "a part of the schedule was lost or cut short",
    70: "a script of the scenario raised",
}


class Swarm:
    """The master and the workers of one run."""

    def __init__(self, locustfile: Path, settings: Path, workers: int, logs: Path, progress: Path) -> None:
        self._locustfile, self._settings, self._logs, self._progress = locustfile, settings, logs, progress
        self._port = processes.free_port()
        self.master = self._start(
            "master", "--master", f"--master-bind-port={self._port}", "--master-bind-host=127.0.0.1",
            f"--expect-workers={workers}",
        )  # fmt: skip
        self.workers: list[Popen[bytes]] = []
        for _ in range(workers):
            self.start_worker()

    def start_worker(self) -> "Popen[bytes]":
        """One worker more: it plays a part if one is free."""
        name = f"worker-{len(self.workers)}"
        worker = self._start(name, "--worker", f"--master-port={self._port}", "--master-host=127.0.0.1")
        self.workers.append(worker)
        return worker

    def look(self) -> Load:
        """What the workers tell of themselves, together."""
        told = list(_read(self._progress, "*.json", Progress))
        sums = {name: sum(getattr(one, name) for one in told) for name in Load.__struct_fields__[3:]}
        return Load(
            workers=len(self.workers),
            loading=sum(one.phase != "prepare" for one in told),
            done=sum(one.phase == "done" for one in told),
            **sums,
        )

    def lost(self) -> list[int]:
        """The numbers of workers that ended otherwise than well."""
        return [number for number, worker in enumerate(self.workers) if worker.poll()]

    def wait_for_workers(self) -> None:
        """The master has ended; its workers follow."""
        deadline = time.monotonic() + _LINGER_S
        while any(worker.poll() is None for worker in self.workers) and time.monotonic() < deadline:
            time.sleep(_LOOK_EVERY_S)

    def stop(self) -> None:
        """Nothing is left running when this returns."""
        for process in (self.master, *self.workers):
            if process.poll() is None:
                process.terminate()
        for process in (self.master, *self.workers):
            processes.stop(process)

    def last_words(self, name: str = "master") -> str:
        """The last error in a process's log, without Locust's tables around it; else the last line."""
        log = self._logs / f"swarm-{name}.log"
        errors = [line for line in log.read_text(errors="replace").splitlines() if _ERROR.search(line)]
        return _ERROR.split(errors[-1], maxsplit=1)[-1].strip() if errors else processes.last_line(log)

    def _start(self, name: str, *options: str) -> "Popen[bytes]":
        command = [sys.executable, "-m", "locust", "-f", str(self._locustfile), "--headless", "--loglevel", "WARNING"]
        env = os.environ | {SETTINGS_VARIABLE: str(self._settings)}
        return processes.start([*command, *options], self._logs / f"swarm-{name}.log", env=env)


class Played(Struct, frozen=True, kw_only=True):
    """How the load went: why it may not count in full, and what its generators say of themselves."""

    reasons: list[str] = field(default_factory=list)
    generator: dict[str, Any] = field(default_factory=dict)


@contextlib.contextmanager
def swarm(locustfile: Path, settings: Path, workers: int, logs: Path, progress: Path) -> Iterator[Swarm]:
    """A swarm that is gone after the block."""
    started = Swarm(locustfile, settings, workers, logs, progress)
    try:
        yield started
    finally:
        started.stop()


def watch(
    started: Swarm,
    history: Path,
    limit_s: float,
    teller: Teller,
    tick: Callable[[float], None],
    late_ms: float = LATE_MS,
) -> Played:
    """Watches a swarm until it ends by itself, or `limit_s` seconds have passed.

    `tick` is called with the seconds since the load began, again and again; NaN while it has not. ConfigError: it
    could not begin.
    """
    began_s, load_began_s, in_time = time.monotonic(), math.nan, True
    while started.master.poll() is None:
        load = started.look()
        teller.load(load)
        if math.isnan(load_began_s) and started.lost():
            raise ConfigError(f"the swarm did not start: {started.last_words(f'worker-{started.lost()[0]}')}")
        if math.isnan(load_began_s) and load.loading:
            load_began_s = time.monotonic()
            teller.phase("load", f"{load.arrivals:,} arrivals")
        tick(time.monotonic() - load_began_s)
        if time.monotonic() - began_s > limit_s:
            in_time = False
            break
        time.sleep(_LOOK_EVERY_S)
    if in_time:
        started.wait_for_workers()
    if started.master.returncode == _CANNOT_PREPARE:
        raise ConfigError(f"the swarm could not prepare: {started.last_words()}")
    lost = started.lost()
    started.stop()
    teller.load(started.look())
    health = list(_read(history, "*.swarm.json", Health))
    reasons = [*_reasons(started, in_time, limit_s, lost), *fallen_behind(health, late_ms)]
    return Played(reasons=reasons, generator=_generator(len(started.workers), len(lost), health))


def told(history: Path, ending: Ending) -> Played:
    """How a load went that Locust's own command played: by what its master and its workers left."""
    health = list(_read(history, "*.swarm.json", Health))
    lost = len(ending.begun_again) + max(0, ending.parts - sum(worker.complete for worker in health))
    reasons = [*ending.problems, *fallen_behind(health, ending.late_ms)]
    return Played(reasons=reasons, generator=_generator(ending.parts, lost, health))


def _reasons(started: Swarm, in_time: bool, limit_s: float, lost: list[int]) -> Iterator[str]:
    """Why the load is not what the schedule wanted."""
    status = started.master.returncode
    if not in_time:
        yield f"the load was stopped after {limit_s:.0f} s: it had not ended by itself"
    elif status:
        said = _EXIT_REASONS.get(status, f"Locust's master ended with status {status}")
        yield f"{said}: {started.last_words()}"
    if lost:
        yield f"{len(lost)} of the generator's workers were lost: number {', '.join(map(str, lost))}"


def fallen_behind(health: Iterable[Health], late_ms: float) -> Iterator[str]:
    """Which workers did not do what the schedule wanted of them, and by how much."""
    for worker in health:
        p99_ms = worker.dispatch_lag_us.p99 / 1000
        if p99_ms > late_ms:
            yield (
                f"the generator did not keep its schedule: p99 of {worker.worker} is {p99_ms:,.1f} ms late,"
                f" {late_ms:g} ms are allowed"
            )
        if worker.cpu_share > CPU_FULL:
            yield (
                f"the generator was at its end: {worker.worker} used {worker.cpu_share:.0%} of a core,"
                f" {CPU_FULL:.0%} are allowed; take more workers"
            )


def _generator(workers: int, lost: int, health: list[Health]) -> dict[str, Any]:
    """Generator health in flat figures."""
    return {
        "workers": workers,
        "lost": lost,
        "arrivals": sum(worker.arrivals for worker in health),
        "started": sum(worker.started for worker in health),
        "lag_p50_us": max((worker.dispatch_lag_us.p50 for worker in health), default=0),
        "lag_p99_us": max((worker.dispatch_lag_us.p99 for worker in health), default=0),
        "lag_max_us": max((worker.dispatch_lag_us.max for worker in health), default=0),
        "cpu_share": max((worker.cpu_share for worker in health), default=0.0),
        "load_s": max((worker.load_s for worker in health), default=0.0),
        "operations_per_s": round(sum(worker.operations_per_s for worker in health), 1),
        "connects": sum(worker.connects for worker in health),
        "in_flight_max": max((worker.in_flight_max for worker in health), default=0),
        **herd_figures(health),
    }


def herd_figures(health: Iterable[Health]) -> dict[str, Any]:
    """From the first of each herd to its last over all workers: as planned, and as it was."""
    herds: dict[str, Spread] = {}
    for worker in health:
        for name, spread in worker.herds.items():
            herds[name] = herds[name].joined(spread) if name in herds else spread
    figures: dict[str, Any] = {}
    for name, spread in herds.items():
        figures[f"{name}_people"] = spread.people
        figures[f"{name}_planned_s"] = round((spread.last_due_ns - spread.first_due_ns) / 1e9, 3)
        figures[f"{name}_achieved_s"] = round((spread.last_ns - spread.first_ns) / 1e9, 3)
    return figures


def _read(folder: Path, pattern: str, kind: type[Any]) -> Iterator[Any]:
    """Every file in `folder` as `kind`. They are replaced whole, so what is there can be read."""
    for path in sorted(folder.glob(pattern)):
        if not path.name.startswith("."):
            yield msgspec.json.decode(path.read_bytes(), type=kind)
