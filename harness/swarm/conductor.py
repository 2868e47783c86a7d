"""The master's part: it leases the parts of the schedule, all workers start at one moment, and the test ends by itself
when each has played its part.

Exit code of the Locust master: 0 every part was played; 2 a worker could not prepare (the log says why); 3 a part was
lost or cut short; 70 a script raised; with `judge`, else, what `rainproof check` says.
"""

import logging
import secrets
import time
from typing import Any, Final

import gevent
import msgspec
from locust.env import Environment
from locust.runners import STATE_MISSING, MasterRunner

from harness.history import now_ns
from harness.history.clock import ANCHOR_NS
from harness.swarm import record
from harness.swarm.clock import machine
from harness.swarm.health import Ending
from harness.swarm.lease import Lease, Leases, terms, unequal
from harness.swarm.membership import LEASE, PING, PONG, SIGN_ON
from harness.swarm.settings import Settings, history_folder
from harness.swarm.worker import CANNOT_PREPARE, DONE, FAILED, GO, INCOMPLETE, RAISED, READY
from harness.target import Target

HEAD_START_NS: Final = 300_000_000  # from the word "go" to T0: time for the word to reach every worker
_LOOK_EVERY_S: Final = 0.5

logger = logging.getLogger(__name__)


class Conductor:
    """Listens to the workers of one Locust master, or to the one worker of a Locust on its own."""

    def __init__(self, environment: Environment, settings: Settings, target: Target, parts: int) -> None:
        self._environment, self._settings, self._target = environment, settings, target
        self._runner: Any = environment.runner
        self._terms = terms(settings)
        run = settings.run or f"{time.strftime('%Y-%m-%dT%H-%M-%SZ', time.gmtime())}-{secrets.token_hex(2)}"
        self._leases = Leases(parts, run, format(now_ns() // 1_000_000, "x"))
        self._reset()
        for message, listener in (
            (SIGN_ON, self._on_sign_on),
            (PING, self._on_ping),
            (READY, self._on_ready),
            (DONE, self._on_done),
            (FAILED, self._on_failed),
        ):
            self._runner.register_message(message, listener)
        environment.events.test_start.add_listener(self._reset)
        environment.events.quitting.add_listener(self._conclude)
        self._runner.greenlet.spawn(self._watch)

    def _reset(self, **_: Any) -> None:
        self._environment.process_exit_code = INCOMPLETE
        self._leases.begin()
        self._waiting: list[str] = []
        self._ready: set[str] = set()
        self._done: set[str] = set()
        self._played: set[int] = set()
        self._begun_again: list[int] = []
        self._problems: list[str] = []
        self._crashes: list[str] = []
        self._start_ns: int | None = None
        self._ended = self._recorded = False
        self._quiet_since_s = time.monotonic()

    def _on_sign_on(self, environment: Environment, msg: Any, **_: Any) -> None:
        """A worker wants a part. It gets one as soon as one is free."""
        if difference := unequal(msg.data["terms"], self._terms):
            logger.error("worker %s: %s", msg.node_id, difference)
            self._end(CANNOT_PREPARE)
            return
        self._waiting.append(msg.node_id)
        self._look()

    def _on_ping(self, environment: Environment, msg: Any, **_: Any) -> None:
        self._runner.send_message(PONG, msg.data | {"now_ns": now_ns()}, msg.node_id)

    def _on_ready(self, environment: Environment, msg: Any, **_: Any) -> None:
        self._ready.add(msg.node_id)
        if self._start_ns is not None:  # it begins what another lost, or was thought lost: its part has its own T0
            own_start_ns = now_ns() + HEAD_START_NS
            self._problems.append(f"a part began {(own_start_ns - self._start_ns) / 1e9:.1f} s after the others")
            self._go(msg.node_id, own_start_ns)
        self._look()

    def _on_done(self, environment: Environment, msg: Any, **_: Any) -> None:
        self._done.add(msg.node_id)
        self._played.add(msg.data["part"])
        self._crashes += msg.data["crashes"]
        if msg.data["problem"]:
            self._problems.append(f"histories of part {msg.data['part']} were not handed in: {msg.data['problem']}")
        self._look()

    def _on_failed(self, environment: Environment, msg: Any, **_: Any) -> None:
        logger.error("%s", msg.data["problem"])
        self._end(msg.data["exit_code"])

    def _watch(self) -> None:
        """Workers also vanish without a word."""
        while True:
            gevent.sleep(_LOOK_EVERY_S)
            self._look()

    def _look(self) -> None:
        """Leases what is free, starts everybody when all are ready, ends the test when all that are left have
        played.
        """
        live = self._live()
        self._lease(live)
        if self._start_ns is None:
            if self._all_ready(live):
                self._start()
        elif (self._leases.holders & live) - self._done:
            self._quiet_since_s = time.monotonic()
        elif not self._lost() or time.monotonic() - self._quiet_since_s >= self._settings.restart_s:
            self._end(self._exit_code())

    def _lost(self) -> set[int]:
        """Parts that nobody has played to the end."""
        return set(range(self._leases.parts)) - self._played

    def _lease(self, live: set[str]) -> None:
        self._waiting = [node for node in self._waiting if node in live]
        while self._waiting and (lease := self._leases.grant(self._waiting[0], live)):
            if self._leases.again(lease):
                self._begun_again.append(lease.part)
            self._tell_lease(self._waiting.pop(0), lease)

    def _tell_lease(self, node: str, lease: Lease) -> None:
        here = self._settings.machine or machine()
        told = {"lease": msgspec.to_builtins(lease), "machine": here, "anchor_ns": ANCHOR_NS}
        self._runner.send_message(LEASE, told, node)

    def _all_ready(self, live: set[str]) -> bool:
        """Has everybody who can have a part prepared it?"""
        holders = self._leases.holders & live
        may_still_come = live - holders if self._leases.free(live) else set()
        return bool(holders) and not may_still_come and holders <= self._ready

    def _start(self) -> None:
        self._start_ns = self._settings.start_ns or now_ns() + HEAD_START_NS
        self._go(None, self._start_ns)
        folder = history_folder(self._settings, self._leases.run).parent
        self._recorded = record.begin(folder, self._settings, self._target, self._leases.run)

    def _live(self) -> set[str]:
        if isinstance(self._runner, MasterRunner):
            return {node.id for node in self._runner.clients.all if node.state != STATE_MISSING}
        return {"local"}

    def _go(self, client_id: str | None, start_ns: int) -> None:
        self._runner.send_message(GO, {"start_ns": start_ns}, client_id)

    def _exit_code(self) -> int:
        if self._crashes:
            self._problems.append(f"a script raised: {self._crashes[0]}")
            return RAISED
        if lost := sorted(self._lost()):
            self._problems.append(f"parts {lost} of {self._leases.parts} of the schedule were not played to the end")
        if self._begun_again:
            self._problems.append(f"parts {self._begun_again} of the schedule were lost and begun again by others")
        return INCOMPLETE if self._problems else 0

    def _end(self, exit_code: int) -> None:
        if self._ended:
            return
        self._ended = True
        self._environment.process_exit_code = exit_code
        for problem in self._problems:
            logger.error("%s", problem)
        gevent.spawn(self._stop)

    def _stop(self) -> None:
        self._conclude()
        options = self._environment.parsed_options
        if options is not None and options.headless:
            self._runner.quit()
        else:
            self._runner.stop()

    def _conclude(self, **_: Any) -> None:
        """Once a test, after the last worker's report, or when somebody ends it before: writes how it went, and
        judges.
        """
        if not self._recorded:
            return
        self._recorded = False
        exit_code = self._environment.process_exit_code
        problems = self._problems or ([] if self._ended else ["the load was ended before its time"])
        folder = history_folder(self._settings, self._leases.run).parent
        late_ms = self._settings.late_ms
        record.end(folder, Ending(exit_code, self._leases.parts, problems, self._begun_again, late_ms))
        if self._settings.judge and exit_code in (0, INCOMPLETE) and self._ended:
            self._environment.process_exit_code = record.judge(folder)
        if self._settings.history_to:
            problem = record.hand_in_record(folder, f"{self._settings.history_to.rstrip('/')}/{self._leases.run}")
            if problem:
                logger.error("the run's record was not handed in: %s", problem)
