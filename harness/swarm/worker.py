"""One worker's share of a run, from preparation to the report: the same with one process and with many."""

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Final, Protocol

import gevent
from gevent.event import AsyncResult
from gevent.pool import Pool
from locust.env import Environment
from locust.exception import StopUser
from locust.runners import WorkerRunner

from harness.config import ConfigError
from harness.history import Journal
from harness.history.gather import hold
from harness.swarm import record
from harness.swarm.arrivals import Arrival, Dispatcher
from harness.swarm.client import Client
from harness.swarm.health import Health, Lag, Meter, Progress, write
from harness.swarm.lease import Lease
from harness.swarm.membership import Membership
from harness.swarm.person import Keys, Person
from harness.swarm.settings import Settings, history_folder
from harness.swarm.stats import Statistics
from harness.target import Target

READY: Final = "rainproof_ready"
GO: Final = "rainproof_go"
DONE: Final = "rainproof_done"
FAILED: Final = "rainproof_failed"

CANNOT_PREPARE: Final = 2
INCOMPLETE: Final = 3
RAISED: Final = 70

_PREPARING_AT_ONCE: Final = 16
_GRACE_S: Final = 2.0
_CRASHES_TOLD: Final = 10
_NICENESS: Final = -5
_REAL_TIME: Final = 1  # the lowest priority there is: before every ordinary process


def go_first() -> None:
    """Where it is allowed, this process runs before others: a generator that queues for a core behind its own target
    sends late, and tells the target's hunger as its own lag.
    """
    with contextlib.suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, 0, _NICENESS)


@contextlib.contextmanager
def on_the_dot() -> Iterator[None]:
    """Meanwhile this thread runs before every ordinary process, where that is allowed. Not longer: at the end Locust's
    own threads have to get through with what they report.
    """
    try:
        os.sched_setscheduler(0, os.SCHED_RR | os.SCHED_RESET_ON_FORK, os.sched_param(_REAL_TIME))
    except PermissionError:
        yield
        return
    try:
        yield
    finally:
        os.sched_setscheduler(0, os.SCHED_OTHER | os.SCHED_RESET_ON_FORK, os.sched_param(0))


class Story(Protocol):
    """What a scenario gives, asked in this order: preparations are done in any order before T0, arrivals are sorted."""

    def plan(self) -> None: ...

    def preparations(self) -> Iterable[Callable[[], None]]: ...

    def arrivals(self) -> Iterable[Arrival]: ...


class Worker:
    """Plays part `part` of the `parts` of the schedule when a test runs, as its lease says.

    `board` is for the scenario: what its people can see of each other's doing. `is_over` tells closed users to go home.
    """

    def __init__(self, environment: Environment, settings: Settings, target: Target) -> None:
        self._environment = environment
        self.settings, self.target = settings, target
        self._runner: Any = environment.runner
        self._membership = Membership(self._runner, settings)
        self._handing_in: gevent.Greenlet | None = None
        self.board: list[Any] = []
        self.is_over = False
        self._go: AsyncResult = AsyncResult()
        self._playing: gevent.Greenlet | None = None
        self._shift: Shift | None = None
        environment.events.test_start.add_listener(self._begin_test)
        environment.events.test_stopping.add_listener(self._stop_starting)
        environment.events.test_stop.add_listener(self._end_test)
        environment.events.quit.add_listener(self._wait_for_handing_in)
        self._runner.register_message(GO, self._on_go)

    @property
    def part(self) -> int:
        return self._membership.lease.part

    @property
    def parts(self) -> int:
        return self._membership.lease.parts

    def person(self, uid: int, tagged: bool, due_ns: int | None = None) -> Person:
        """Someone who acts through this worker's client: whoever plays the plan's number `uid` under this lease."""
        shift = self._shift
        if shift is None:
            raise StopUser if self.is_over else RuntimeError("nobody can act before the test has begun")
        return Person(shift.client, self.target, shift.keys, shift.lease.uid(uid), tagged, due_ns)

    def play(self, story: Story) -> None:
        """Plays this worker's part in the background, once a test however often it is asked."""
        if self._playing is None:
            self._playing = self._runner.greenlet.spawn(self._play, story)
            self._playing.link_exception(self._broke)

    def _play(self, story: Story) -> None:
        try:
            lease = self._membership.sign_on()
            shift = self._shift = Shift(self._environment, self.settings, self.target, self._membership, lease)
            story.plan()
            self._prepare(story)
            arrivals = list(story.arrivals())
            self._runner.send_message(READY)
            start_ns = self._go.get()
            shift.play(arrivals, start_ns + self._membership.skew.offset_ns)
        except ConfigError as error:
            self._runner.send_message(FAILED, {"problem": str(error), "exit_code": CANNOT_PREPARE})
            return
        if shift.dispatcher.stopped:
            return
        self.is_over = True
        crashes = shift.finish()
        self._runner.stop_users(self._runner.user_classes_count)
        self._shift = None
        problem = shift.hand_in()
        self._environment.process_exit_code = 0
        if isinstance(self._runner, WorkerRunner):  # Locust's master would not wait for the last figures
            self._runner._send_stats()
        self._runner.send_message(DONE, {"part": lease.part, "crashes": crashes, "problem": problem})

    def _broke(self, playing: gevent.Greenlet) -> None:
        """A bug, of the scenario or of ours: nobody may wait for this worker."""
        problem = f"{type(playing.exception).__name__}: {playing.exception}"
        self._runner.send_message(FAILED, {"problem": problem, "exit_code": RAISED})

    def _prepare(self, story: Story) -> None:
        pool = Pool(_PREPARING_AT_ONCE)
        for _ in pool.imap_unordered(lambda prepare: prepare(), story.preparations()):
            pass

    def _on_go(self, environment: Environment, msg: Any, **_: Any) -> None:
        if not self._go.ready():
            self._go.set(msg.data["start_ns"])

    def _begin_test(self, **_: Any) -> None:
        self.board, self.is_over, self._go = [], False, AsyncResult()
        self._membership.forget()

    def _stop_starting(self, **_: Any) -> None:
        """The test ends, by itself or because somebody stopped it."""
        self.is_over = True
        if self._shift is not None:
            self._shift.dispatcher.stop(_GRACE_S)

    def _end_test(self, **_: Any) -> None:
        """After the last operation; who was cut short still hands in what there is."""
        shift, playing = self._shift, self._playing
        self._playing = self._shift = None
        if shift is None:
            return
        if playing is not None:
            playing.kill()
        self._handing_in = gevent.spawn(shift.hand_in)
        self._wait_for_handing_in()

    def _wait_for_handing_in(self, **_: Any) -> None:
        if self._handing_in is not None:
            self._handing_in.join()


class Shift:
    """What a worker holds during one test: journal, client, keys, dispatcher, and the greenlets that report."""

    def __init__(
        self, environment: Environment, settings: Settings, target: Target, membership: Membership, lease: Lease
    ) -> None:
        self._history = history_folder(settings, lease.run)
        self._progress = Path(settings.progress) if settings.progress else None
        self._hand_in_to = f"{settings.history_to.rstrip('/')}/{lease.run}" if settings.history_to else None
        self.lease, self._name = lease, lease.name
        self._alive = hold(self._history, self._name) if self._hand_in_to else None
        self._journal = Journal.create(
            self._history,
            self._name,
            list(target.operations),
            clock_error_ns=max(settings.clock_error_ns, membership.skew.error_ns),
            stages=target.stages,
        )
        self._statistics = Statistics(environment)
        self.client = Client(target, self._journal, self._statistics, timeout_s=settings.timeout_s)
        self.keys = Keys(f"{lease.run}-{lease.name}")
        self.dispatcher = Dispatcher(settings.in_flight)
        self._meter = Meter()
        self._arrivals = 0
        self._phase = "prepare"
        self._background = [
            gevent.spawn(self._statistics.flush_for_ever),
            gevent.spawn(self._tell_progress),
            gevent.spawn(membership.keep_note, self._history, self._name),
        ]

    def play(self, arrivals: list[Arrival], start_ns: int) -> None:
        """Plays `arrivals` from `start_ns` on; returns when the last has ended."""
        self._arrivals, self._phase = len(arrivals), "load"
        self._meter.begin(self._journal.issued)
        with on_the_dot():
            self.dispatcher.run(arrivals, start_ns)

    def finish(self) -> list[str]:
        """After `play`, once nothing is in flight: reports, and says which scripts raised."""
        while self.client.in_flight:
            gevent.sleep(0.01)
        self._phase = "done"
        self._report()
        return self.dispatcher.crashes[:_CRASHES_TOLD]

    def hand_in(self) -> str | None:
        """Closes, and copies the histories to where they are gathered; what went wrong, if anything did."""
        self._close()
        if self._hand_in_to is None or self._alive is None:
            return None
        self._alive.close()
        return record.hand_in(self._history, self._hand_in_to)

    def _close(self) -> None:
        gevent.killall(self._background)
        self._report()
        self.client.close()
        self._journal.close()

    def _report(self) -> None:
        self._statistics.flush()
        self._tell()
        played = self._meter.end(self._journal.issued)
        report = Health(
            worker=self._name,
            part=self.lease.part,
            parts=self.lease.parts,
            complete=self._phase == "done" and not self.dispatcher.crashes,
            issued=self._journal.issued,
            arrivals=self._arrivals,
            started=self.dispatcher.started,
            dispatch_lag_us=Lag.of(self.dispatcher.lags_ns),
            cpu_share=played.cpu_share,
            load_s=played.load_s,
            operations_per_s=played.operations_per_s,
            connects=self.client.connects,
            in_flight_max=self.client.in_flight_max,
            crashes=self.dispatcher.crashes[:_CRASHES_TOLD],
            herds=self.dispatcher.herds,
        )
        write(self._history / f"{self._name}.swarm.json", report)

    def _tell_progress(self) -> None:
        """In a thread of its own: a rename on a busy disk takes a tenth of a second, and nobody may wait for it."""
        threads = gevent.get_hub().threadpool
        while True:
            threads.apply(self._tell)
            gevent.sleep(1.0)

    def _tell(self) -> None:
        if self._progress is None:
            return
        progress = Progress(
            worker=self._name,
            phase=self._phase,
            issued=self._journal.issued,
            arrivals=self._arrivals,
            started=self.dispatcher.started,
            **self.client.outcomes,
        )
        write(self._progress / f"{self._name}.json", progress)
