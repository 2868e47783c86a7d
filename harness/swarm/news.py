"""What one worker learns and all of them have to know, by way of the master: where the packet lies that all wait for.

A worker that comes late asks for what it has missed.
"""

from collections import defaultdict
from typing import Any, Final, NamedTuple

import gevent
from gevent.event import AsyncResult
from locust import events
from locust.env import Environment
from locust.runners import MasterRunner, WorkerRunner

from harness.history import now_ns

TELL: Final = "rainproof_tell"
ASK: Final = "rainproof_ask"
NEWS: Final = "rainproof_news"

What = dict[str, Any]


class Heard(NamedTuple):
    """What was told, and when this worker heard it."""

    what: What
    at_ns: int


class News:
    """Every process of a swarm has one, as `environment.rainproof_news`; it forgets all when a test begins."""

    def __init__(self, environment: Environment) -> None:
        self._runner: Any = environment.runner
        self._told: dict[str, What] = {}
        self._heard: defaultdict[str, AsyncResult] = defaultdict(AsyncResult)
        if not isinstance(self._runner, WorkerRunner):
            self._runner.register_message(TELL, self._on_tell)
            self._runner.register_message(ASK, self._on_ask)
        if not isinstance(self._runner, MasterRunner):
            self._runner.register_message(NEWS, self._on_news)
        environment.events.test_start.add_listener(self._forget)

    def tell(self, topic: str, what: What) -> None:
        """Tells every worker, this one too. What was told first of a topic stands."""
        self._runner.send_message(TELL, {"topic": topic, "what": what})

    def wait(self, topic: str, timeout_s: float) -> Heard | None:
        """What was told of `topic`; None if nothing is within the time."""
        if topic not in self._heard:
            self._heard[topic] = AsyncResult()
            self._runner.send_message(ASK, {"topic": topic})
        try:
            heard: Heard = self._heard[topic].get(timeout=timeout_s)
        except gevent.Timeout:
            return None
        return heard

    def _on_tell(self, environment: Environment, msg: Any, **_: Any) -> None:
        self._told.setdefault(msg.data["topic"], msg.data["what"])
        self._runner.send_message(NEWS, msg.data)

    def _on_ask(self, environment: Environment, msg: Any, **_: Any) -> None:
        topic = msg.data["topic"]
        if topic in self._told:
            self._runner.send_message(NEWS, {"topic": topic, "what": self._told[topic]}, msg.node_id)

    def _on_news(self, environment: Environment, msg: Any, **_: Any) -> None:
        heard = self._heard[msg.data["topic"]]
        if not heard.ready():
            heard.set(Heard(msg.data["what"], now_ns()))

    def _forget(self, **_: Any) -> None:
        self._told.clear()
        self._heard.clear()


@events.init.add_listener  # type: ignore[untyped-decorator]
def _on_init(environment: Any, **_: Any) -> None:
    environment.rainproof_news = News(environment)
