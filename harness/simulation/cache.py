"""Every command and pipeline of a redis-py client is a point; the fake server reads the schedule's clock.

What a real Redis numbers by itself, the ids of stream messages, stays out of the trace.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from types import SimpleNamespace
from typing import Any, Final

import fakeredis
import redis
from fakeredis import _helpers
from fakeredis._socket import _base
from fakeredis.model import _stream
from redis.backoff import NoBackoff
from redis.retry import Retry

from harness.simulation.faults import CACHE, DELIVERY, befall
from harness.simulation.scheduler import Scheduler, acting, active

_DELIVERIES: Final = ("XREADGROUP", "XAUTOCLAIM")


def fake_client() -> redis.Redis:
    """A client of a fake server of its own; its time is the schedule's."""
    for module in (_base, _stream, _helpers):
        module.time = _CLOCK
    server = fakeredis.FakeServer(version=(7,))
    client: redis.Redis = _FakeClient(
        server=server, decode_responses=True, connection_class=_Line, single_connection_client=True
    )
    return client


def real_client(address: str) -> redis.Redis:
    """A client of the Redis at `address`; it never tries again by itself, a second try is a fault."""
    return _RealClient.from_url(address, decode_responses=True, retry=Retry(NoBackoff(), 0))


def _now_s() -> float:
    scheduler = active()
    return time.time() if scheduler is None else scheduler.now_ns / 1e9


_CLOCK: Final = SimpleNamespace(time=_now_s, sleep=time.sleep)
"""Stands where fakeredis has the module `time`."""


class _Points:
    """Mixed in before a client: its commands become points whenever an actor sends them."""

    def execute_command(self, *arguments: Any, **options: Any) -> Any:
        send: Any = super()
        scheduler = acting()
        if scheduler is None:
            return send.execute_command(*arguments, **options)
        name, rest = str(arguments[0]), arguments[1:]
        kind, faults = ("stream", DELIVERY) if name in _DELIVERIES else ("cache", CACHE)
        fault = scheduler.point(kind, _told(name, rest), None, faults)
        return _made(scheduler, self, fault, lambda: send.execute_command(*arguments, **options))

    def pipeline(self, transaction: bool = True, shard_hint: Any = None) -> Any:
        pipe = super().pipeline(transaction, shard_hint)  # type: ignore[misc]
        execute = pipe.execute

        def executed(raise_on_error: bool = True) -> Any:
            scheduler = acting()
            if scheduler is None:
                return execute(raise_on_error)
            stack = list(pipe.command_stack)

            def send() -> Any:
                pipe.command_stack = list(stack)
                return execute(raise_on_error)

            told = "; ".join(_told(str(command[0][0]), command[0][1:]) for command in stack)
            fault = scheduler.point("cache", f"{'MULTI' if transaction else 'PIPELINE'} {told}", None, CACHE)
            return _made(scheduler, self, fault, send)

        pipe.execute = executed
        return pipe


class _Line(fakeredis.FakeRedisConnection):  # type: ignore[misc]
    """Hands a command to the fake server as it is: bytes that the same thread packs and unpacks cost more than the
    command."""

    def pack_command(self, name: str, *arguments: Any) -> list[list[bytes]]:
        return [[*name.encode().split(), *map(self.encoder.encode, arguments)]]

    def pack_commands(self, commands: Iterable[tuple[Any, ...]]) -> list[list[bytes]]:
        return [fields for command in commands for fields in self.pack_command(*command)]

    def send_command(self, *command: Any, **_: Any) -> None:
        self.send_packed_command(self.pack_command(*command))

    def send_packed_command(self, command: list[list[bytes]], check_health: bool = True) -> None:
        server = self.get_socket()
        for fields in command:
            server._process_command(fields)


class _FakeClient(_Points, fakeredis.FakeRedis):  # type: ignore[misc]
    """One line is enough: who waits for no network needs no pool, no second try and no figures."""

    def _execute_command(self, *command: Any, **options: Any) -> Any:
        self.connection.send_command(*command)
        return self.parse_response(self.connection, command[0], **options)


class _RealClient(_Points, redis.Redis):
    pass


def _made(scheduler: Scheduler, client: Any, fault: str, send: Callable[[], Any]) -> Any:
    """The call's answer, whatever befalls it."""
    if fault == "fail":
        raise redis.ConnectionError("injected: the command never arrived")
    if fault == "wipe":
        super(_Points, client).execute_command("FLUSHALL")
    if fault != "crash_after":
        befall(scheduler, fault)
    answer = send()
    if fault == "twice":
        answer = send()
    scheduler.moved()
    if fault == "crash_after":
        befall(scheduler, fault)
    if fault == "timeout":
        raise redis.TimeoutError("injected: no answer came")
    return _reordered(answer) if fault == "reorder" else answer


def _reordered(answer: Any) -> Any:
    """The messages of a delivery, last first: [[stream, [message, …]], …], a dict of them, or what XAUTOCLAIM gives."""
    if isinstance(answer, dict):
        return {name: _reordered(entries) for name, entries in answer.items()}
    if isinstance(answer, list) and len(answer) > 1 and isinstance(answer[1], list) and isinstance(answer[0], str):
        return [answer[0], answer[1][::-1], *answer[2:]]
    return [_reordered(part) if isinstance(part, list) else part for part in answer or ()]


def _told(name: str, arguments: Sequence[Any]) -> str:
    """A command as the trace shows it: of streams the name and key only, for a server numbers their messages."""
    shown = arguments[:1] if name.startswith("X") else arguments
    return " ".join([name, *(_text(argument) for argument in shown)])


def _text(argument: Any) -> str:
    return argument.decode(errors="replace") if isinstance(argument, bytes) else str(argument)
