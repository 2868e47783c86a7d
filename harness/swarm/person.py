"""A person at work: what a scenario's scripts talk to.

def grab_and_open(person, packet):
    if person.ask("grab", packet=packet).outcome == "ok":
        person.think(0.3)
        person.insist("open", packet=packet, key=person.new_key())
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

import gevent

from harness.history import now_ns
from harness.swarm.client import Client, is_settled
from harness.target import Answer, Target

ATTEMPTS: Final = 5
FIRST_PAUSE_S: Final = 0.2
NO_VALUES: Final[Mapping[str, object]] = MappingProxyType({})


class Keys:
    """Idempotency keys that no other worker, and no earlier life of this one, gives: "{prefix}-{n}"."""

    def __init__(self, prefix: str) -> None:
        self._prefix, self._given = prefix, 0

    def new(self) -> str:
        self._given += 1
        return f"{self._prefix}-{self._given}"


class Person:
    """Someone with an id, who acts in steps.

    The first step was due at `due_ns`, each later one when the pause before it ends. What is due and comes late is
    timed from when it was due: `intended_ns` in the history. `stage`: the campaign's in which they act, if it has any.
    """

    def __init__(
        self, client: Client, target: Target, keys: Keys, uid: int, tagged: bool, due_ns: int | None = None
    ) -> None:
        self._client, self._target, self._keys = client, target, keys
        self._due_ns = due_ns
        self.uid, self.tagged = uid, tagged
        self.stage: str | None = None

    def new_key(self) -> str:
        """A key for one intent; every attempt at it carries the same."""
        return self._keys.new()

    def ask(
        self,
        operation: str,
        *,
        packet: str | None = None,
        subject: str | None = None,
        key: str | None = None,
        amount_fen: int | None = None,
        timeout_s: float | None = None,
        values: Mapping[str, object] = NO_VALUES,
        mark: str | None = None,
    ) -> Answer:
        """Asks once. Person, packet and `values` fill the template. One that writes and has no `key` gets a new one.

        `subject`: what it is about, where that is no packet but an order, say. `mark`: it must have no effect (forged,
        altered, foreign, expired, replayed).
        """
        if key is None and self._target.operation(operation).method != "GET":
            key = self.new_key()
        intended_ns, self._due_ns = self._due_ns, None
        known = {"person": self.uid, "packet": packet, "amount_fen": amount_fen}
        return self._client.call(
            operation,
            person=self.uid,
            values={**known, **values} if values else known,
            subject=packet or subject,
            key=key,
            amount_fen=amount_fen,
            intended_ns=intended_ns,
            tagged=self.tagged,
            timeout_s=timeout_s,
            mark=mark,
            stage=self.stage,
        )

    def insist(
        self,
        operation: str,
        *,
        packet: str | None = None,
        subject: str | None = None,
        key: str | None = None,
        amount_fen: int | None = None,
        first_timeout_s: float | None = None,
        values: Mapping[str, object] = NO_VALUES,
    ) -> Answer:
        """Asks until the target gives a definite answer, under one key, a few times with growing pauses.

        `first_timeout_s` is the patience of the first attempt. The answer may still be unsettled.
        """
        key = key or self.new_key()
        timeout_s, pause_s = first_timeout_s, FIRST_PAUSE_S
        for attempt in range(ATTEMPTS):
            if attempt:
                self.think(pause_s)
                timeout_s, pause_s = None, pause_s * 2
            answer = self.ask(
                operation,
                packet=packet,
                subject=subject,
                key=key,
                amount_fen=amount_fen,
                timeout_s=timeout_s,
                values=values,
            )
            if is_settled(answer):
                break
        return answer

    def think(self, seconds: float) -> None:
        """Pauses; the next step is due when the pause ends."""
        self.wait_until(now_ns() + int(seconds * 1e9))

    def wait_until(self, moment_ns: int) -> None:
        """Pauses until a moment of the harness's clock; the next step is due then, also if it is past."""
        wait_ns = moment_ns - now_ns()
        if wait_ns > 0:
            gevent.sleep(wait_ns / 1e9)
        self._due_ns = moment_ns

    def together(self, *steps: Callable[["Person"], Answer]) -> list[Answer]:
        """Does several steps at the same moment, as two taps of one finger do; returns all answers."""
        due_ns, self._due_ns = self._due_ns, None
        twins = [self._twin(due_ns) for _ in steps]
        tasks = [gevent.spawn(step, twin) for step, twin in zip(steps, twins, strict=True)]
        try:
            return [task.get() for task in gevent.joinall(tasks)]
        finally:
            gevent.killall(tasks)

    def _twin(self, due_ns: int | None) -> "Person":
        twin = Person(self._client, self._target, self._keys, self.uid, self.tagged, due_ns)
        twin.stage = self.stage
        return twin
