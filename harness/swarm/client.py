"""The client: every operation is on record before its first byte leaves, and its outcome after its last one came.

One keep-alive socket an operation in flight, from a pool; the request's bytes come compiled from the target's mapping.
An operation is attempted exactly once: trying again is the scenario's business, under the same idempotency key.
"""

from collections import defaultdict
from collections.abc import Mapping
from time import monotonic_ns

from harness.history import Journal, now_ns
from harness.swarm.connection import Address, Connection, resolve
from harness.swarm.mishaps import BROKEN, NEVER_SENT, mishap
from harness.swarm.response import ANSWER_BYTES_MAX, ResponseReader
from harness.swarm.stats import Statistics
from harness.target import Answer, Operation, Target


def is_settled(answer: Answer) -> bool:
    """Does the target's own word stand? If not (it may have happened, or was never sent) asking again can tell."""
    return answer.outcome != "info" and answer.reason not in NEVER_SENT


class Client:
    """Calls the operations of one target, for all people of one worker: any number of greenlets, one thread.

    People share the connections that are idle; with `connection_each` they keep their own, as phones do.
    """

    def __init__(
        self,
        target: Target,
        journal: Journal,
        statistics: Statistics,
        *,
        timeout_s: float = 10.0,
        answer_bytes_max: int = ANSWER_BYTES_MAX,
        connection_each: bool = False,
    ) -> None:
        self._target, self._journal, self._statistics = target, journal, statistics
        self._timeout_s = timeout_s
        self._reader = ResponseReader(
            target.reader_header.lower().encode() if target.reader_header else None, answer_bytes_max
        )
        self._tls = target.tls_context()
        self._address: Address | None = None
        self._connection_each = connection_each
        self._idle: defaultdict[int, list[Connection]] = defaultdict(list)
        self.outcomes = {"ok": 0, "fail": 0, "info": 0}
        self.connects = self.in_flight = self.in_flight_max = 0

    @property
    def idle(self) -> int:
        """Connections that are open, and in use by nobody."""
        return sum(connection.usable for pool in self._idle.values() for connection in pool)

    def call(
        self,
        operation: str,
        *,
        person: int,
        values: Mapping[str, object],
        subject: str | None = None,
        key: str | None = None,
        amount_fen: int | None = None,
        intended_ns: int | None = None,
        tagged: bool = False,
        timeout_s: float | None = None,
        mark: str | None = None,
        stage: str | None = None,
    ) -> Answer:
        """Asks the target once. `values` fill the operation's template, `intended_ns` is when it should have been sent.

        Whatever goes wrong on the way is an answer with outcome fail or info. ConfigError: the template lacks a value,
        or the disk has no room for the record; nothing was sent then.
        """
        asked = self._target.operation(operation)
        request = asked.render(values, key=key, tagged=tagged)
        if intended_ns is None:
            intended_ns = now_ns()
        slot = self._journal.begin(operation, person, subject, key, amount_fen, intended_ns, tagged, mark, stage)
        self.in_flight += 1
        if self.in_flight > self.in_flight_max:
            self.in_flight_max = self.in_flight
        try:
            patience_s = self._timeout_s if timeout_s is None else timeout_s
            pool = self._idle[person if self._connection_each else 0]
            answer = self._exchange(pool, asked, request, monotonic_ns() + int(patience_s * 1e9))
        finally:
            self.in_flight -= 1
        done_ns = self._journal.complete(
            slot,
            answer.outcome,
            answer.reason or None,
            subject=answer.subject,
            amount_fen=answer.amount_fen,
            sequence=answer.sequence,
            remaining_fen=answer.remaining_fen,
            reader=answer.reader,
            orders=answer.orders,
            balance_fen=answer.balance_fen,
            income_fen=answer.income_fen,
        )
        self.outcomes[answer.outcome] += 1
        self._statistics.record(asked, answer, done_ns - intended_ns, is_settled(answer))
        return answer

    def close(self) -> None:
        """Closes the idle connections."""
        for pool in self._idle.values():
            while pool:
                pool.pop().close()

    def _exchange(self, pool: list[Connection], asked: Operation, request: bytes, deadline_ns: int) -> Answer:
        connection = _idle_connection(pool)
        sending = False
        try:
            if connection is None:
                connection = self._connect(deadline_ns)
            sending = True
            response = connection.exchange(request, deadline_ns)
        except BROKEN as error:
            broken = mishap(error, sending=sending)
            return Answer(broken.outcome, broken.reason)
        finally:  # also when the greenlet is killed in mid-air
            if connection is not None:
                _give_back(pool, connection)
        return asked.read(response.status, response.body, response.reader)

    def _connect(self, deadline_ns: int) -> Connection:
        if self._address is None:
            self._address = resolve(self._target.host, self._target.port)
        connection = Connection.open(self._address, deadline_ns, self._reader, self._tls)
        self.connects += 1
        return connection


def _idle_connection(pool: list[Connection]) -> Connection | None:
    """The connection used last that is still good: the rest may grow old and be closed by the server."""
    while pool:
        connection = pool.pop()
        if connection.usable:
            return connection
        connection.close()
    return None


def _give_back(pool: list[Connection], connection: Connection) -> None:
    if connection.usable:
        pool.append(connection)
    else:
        connection.close()
