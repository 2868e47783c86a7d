"""The master's part: all workers start at one moment, and the test ends by itself when each has played its part.

Exit code of the Locust master: 0 every part was played; 2 a worker could not prepare (the log says why); 3 a part was
lost or cut short; 70 a script raised.
"""

import logging
from typing import Any, Final

import gevent
from locust.env import Environment
from locust.runners import STATE_MISSING, MasterRunner

from harness.history import now_ns
from harness.swarm.settings import Settings
from harness.swarm.worker import DONE, FAILED, GO, INCOMPLETE, RAISED, READY

HEAD_START_NS: Final = 300_000_000  # from the word "go" to T0: time for the word to reach every worker
_LOOK_EVERY_S: Final = 0.5

logger = logging.getLogger(__name__)


class Conductor:
    """Listens to the workers of one Locust master, or to the one worker of a Locust on its own."""

    def __init__(self, environment: Environment, settings: Settings) -> None:
        self._environment, self._settings = environment, settings
        self._reset()
        runner: Any = environment.runner
        runner.register_message(READY, self._on_ready)
        runner.register_message(DONE, self._on_done)
        runner.register_message(FAILED, self._on_failed)
        environment.events.test_start.add_listener(self._reset)
        runner.greenlet.spawn(self._watch)

    def _reset(self, **_: Any) -> None:
        self._environment.process_exit_code = INCOMPLETE
        self._parts = 0
        self._ready: set[str] = set()
        self._done: set[str] = set()
        self._played: set[int] = set()
        self._crashes: list[str] = []
        self._start_ns: int | None = None
        self._ended = False

    def _on_ready(self, environment: Environment, msg: Any, **_: Any) -> None:
        self._ready.add(msg.node_id)
        self._parts = msg.data["parts"]
        if self._start_ns is not None:  # late: it joins in what goes on
            self._go(msg.node_id)
        self._look()

    def _on_done(self, environment: Environment, msg: Any, **_: Any) -> None:
        self._done.add(msg.node_id)
        self._played.add(msg.data["part"])
        self._crashes += msg.data["crashes"]
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
        """Starts everybody when all are ready, and ends the test when all that are left have played."""
        live = self._live()
        if self._start_ns is None:
            if self._ready and live <= self._ready:
                self._start_ns = self._settings.start_ns or now_ns() + HEAD_START_NS
                self._go(None)
        elif not (self._ready & live) - self._done:
            self._end(self._exit_code())

    def _live(self) -> set[str]:
        runner = self._environment.runner
        if isinstance(runner, MasterRunner):
            return {node.id for node in runner.clients.all if node.state != STATE_MISSING}
        return {"local"}

    def _go(self, client_id: str | None) -> None:
        runner: Any = self._environment.runner
        runner.send_message(GO, {"start_ns": self._start_ns}, client_id)

    def _exit_code(self) -> int:
        if self._crashes:
            logger.error("a script raised: %s", self._crashes[0])
            return RAISED
        lost = set(range(self._parts)) - self._played
        if lost:
            logger.error("parts %s of %d of the schedule were not played to the end", sorted(lost), self._parts)
            return INCOMPLETE
        return 0

    def _end(self, exit_code: int) -> None:
        if self._ended:
            return
        self._ended = True
        self._environment.process_exit_code = exit_code
        gevent.spawn(self._stop)

    def _stop(self) -> None:
        runner: Any = self._environment.runner
        options = self._environment.parsed_options
        if options is not None and options.headless:
            runner.quit()
        else:
            runner.stop()
