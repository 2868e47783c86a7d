"""A target as the state machine's system: its operations, one after another, over one connection."""

import http.client
import random
import socket
import time
from collections.abc import Mapping
from itertools import count
from typing import Any, Final

from httptools import HttpParserError

from harness.config import ConfigError
from harness.swarm.mishaps import BROKEN, Closed, HalfAnswer, mishap
from harness.target.answer import Answer
from harness.target.drain import drain
from harness.target.fetch import Unreachable
from harness.target.mapping import Target
from harness.target.operation import Operation
from invariants.model import Outcome
from invariants.nights import Packet

NEEDED: Final = ("fund", "send", "pay", "open", "balance")
SHORT_MS: Final = 500
LONG_MS: Final = 24 * 3600 * 1000
DRAIN_S: Final = 20.0
TIMEOUT_S: Final = 10.0
_MARGIN_S: Final = 0.05
_LIFETIME: Final = "expires_in_ms"
_GIVEN: Final = {"person", "packet", "amount_fen", "total_fen", "shares", "kind", "key", _LIFETIME}
_runs: Final = count(random.SystemRandom().randrange(2**40))
"""People and keys that no other run has, here or elsewhere."""


class HttpSystem:
    """One run's people at a target that is up; an `invariants.machine.SystemUnderTest`.

    Time can pass only for packets whose lifetime the target lets be asked for (`$expires_in_ms`). All is pressure
    traffic where the target has a tag. Raises Unreachable where nobody listens.
    """

    def __init__(self, target: Target, values: Mapping[str, object]) -> None:
        self._target, self._values = target, values
        self._run = next(_runs)
        self._first_person = 2**50 + 16 * self._run
        self._socket: socket.socket | None = None
        self._lifetimes_s: dict[str, float] = {}
        self._sent_s: dict[str, float] = {}
        self._paid_s: dict[str, float] = {}
        self._timed = _LIFETIME in target.operation("send").names

    # --- what people ask ----------------------------------------------------------------------------------------------

    def fund(self, person: int, amount_fen: int, key: str) -> Outcome:
        return _outcome(self._ask("fund", key, person=self._id(person), amount_fen=amount_fen))

    def send(self, sender: int, packet: Packet, short: bool, key: str) -> Outcome:
        lifetime_ms, sent_s = SHORT_MS if short else LONG_MS, time.monotonic()
        order = {"total_fen": packet.total_fen, "amount_fen": packet.total_fen, "shares": packet.shares}
        said = self._ask("send", key, person=self._id(sender), kind=packet.kind, expires_in_ms=lifetime_ms, **order)
        if said.subject is not None:
            self._sent_s.setdefault(said.subject, sent_s)
            self._lifetimes_s.setdefault(said.subject, lifetime_ms / 1000)
        return _outcome(said)

    def pay(self, packet: str, person: int, key: str) -> Outcome:
        said = self._ask("pay", key, person=self._id(person), packet=packet)
        if said.outcome == "ok":
            self._paid_s.setdefault(packet, time.monotonic())
        return _outcome(said)

    def open(self, packet: str, person: int, key: str) -> Outcome:
        return _outcome(self._ask("open", key, person=self._id(person), packet=packet))

    def grab(self, packet: str, person: int) -> Outcome:
        if "grab" not in self._target.operations:
            return Outcome("info", "no [operation.grab]")
        return _outcome(self._ask("grab", "grab", person=self._id(person), packet=packet))

    def details(self, packet: str) -> Outcome:
        if "details" not in self._target.operations:
            return Outcome("info", "no [operation.details]")
        said = self._ask("details", None, packet=packet)
        return Outcome(said.outcome, said.reason, shares=self._shares(said.fields.get("opens")))

    def balance(self, person: int) -> Outcome:
        return _outcome(self._ask("balance", None, person=self._id(person)))

    # --- what happens -------------------------------------------------------------------------------------------------

    def expire(self, packet: str) -> None:
        """Wait for the end of a short packet."""
        lifetime_s = self._lifetimes_s[packet]
        if self._timed and lifetime_s <= SHORT_MS / 1000 and packet in self._paid_s:
            end_s = self._paid_s[packet] + lifetime_s + 2 * _MARGIN_S
            time.sleep(max(0.0, end_s - time.monotonic()))

    def is_over(self, packet: str) -> bool | None:
        """A lifetime begins between the send and the answer to the payment."""
        now_s, lifetime_s = time.monotonic(), self._lifetimes_s[packet]
        if not self._timed or now_s < self._sent_s[packet] + lifetime_s - _MARGIN_S:
            return False
        return True if now_s > self._paid_s.get(packet, now_s) + lifetime_s + _MARGIN_S else None

    def settle(self) -> Outcome:
        if self._target.drain is None:
            return Outcome("info", "no [drain]")
        drained = drain(self._target, DRAIN_S)
        return Outcome("ok") if drained.done else Outcome("fail", f"{drained.pending} pending after {DRAIN_S:g} s")

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    # --- parts --------------------------------------------------------------------------------------------------------

    def _ask(self, name: str, key: str | None, **values: object) -> Answer:
        operation = self._target.operation(name)
        said_key = None if key is None else f"rainproof-{self._run:x}-{key}"
        tagged = self._target.tag_header is not None
        request = operation.render({**self._values, **values, "key": said_key}, key=said_key, tagged=tagged)
        connection = self._connected()
        try:
            return operation.read(*self._exchange(connection, operation, request))
        except BROKEN as error:
            self.close()
            broken = mishap(error, sending=True)
            return Answer(broken.outcome, broken.reason)

    def _connected(self) -> socket.socket:
        if self._socket is None:
            try:
                self._socket = _connect(self._target)
            except OSError as error:
                raise Unreachable(
                    f"target {self._target.base_url} does not answer: {error.strerror or error}"
                ) from None
        return self._socket

    def _exchange(self, connection: socket.socket, operation: Operation, request: bytes) -> tuple[int, bytes]:
        connection.sendall(request)
        answer = http.client.HTTPResponse(connection, method=operation.method)
        try:
            answer.begin()
            body = answer.read()
        except http.client.RemoteDisconnected:
            raise Closed from None
        except http.client.IncompleteRead:
            raise HalfAnswer from None
        except http.client.HTTPException as error:
            raise HttpParserError(str(error)) from None
        if answer.will_close:
            self.close()
        return answer.status, body

    def _shares(self, listed: Any) -> dict[int, int] | None:
        """Who took how much, where the target file reads `opens` as a list of {person, amount_fen}."""
        try:
            return {int(one["person"]) - self._first_person: one["amount_fen"] for one in listed}
        except (TypeError, KeyError, ValueError):
            return None

    def _id(self, person: int) -> int:
        return self._first_person + person


def _connect(target: Target) -> socket.socket:
    connection = socket.create_connection((target.host, target.port), TIMEOUT_S)
    context = target.tls_context()
    return connection if context is None else context.wrap_socket(connection, server_hostname=target.host)


def check_templates(target: Target, values: Mapping[str, object]) -> None:
    """ConfigError where a template needs a value that the state machine does not have, or a retry has no key."""
    for name in (*NEEDED, "grab", "details"):
        operation = target.operations.get(name)
        if operation is None:
            continue
        unknown = sorted(operation.names - _GIVEN - values.keys())
        if unknown:
            raise ConfigError(
                f"{target.path}: [operation.{name}] needs a value for ${unknown[0]}: give it in [properties] values"
            )
        keyed = target.key_header is not None or "key" in operation.names
        if name in ("fund", "send", "open") and not keyed:
            raise ConfigError(f"{target.path}: [operation.{name}] has no key to be tried again under: name key_header")


def _outcome(said: Answer) -> Outcome:
    return Outcome(
        said.outcome,
        said.reason,
        subject=said.subject,
        amount_fen=said.amount_fen,
        sequence=said.sequence,
        remaining_fen=said.remaining_fen,
        balance_fen=said.balance_fen,
    )
