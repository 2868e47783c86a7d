"""The reference implementation in the state machine's hands: its own code, SQL and streams, no HTTP, a clock that moves
only when the machine moves it.

    machine = machine_for(Deployment(folder).make)
"""

import shutil
from collections.abc import Callable
from datetime import UTC, date, datetime
from itertools import count
from pathlib import Path
from random import Random
from typing import Any, Final

import fakeredis

from invariants.model import Outcome
from invariants.nights import Packet
from reference_impl.bootstrap import assemble, connect, create_stores
from reference_impl.domain.errors import Refused
from reference_impl.domain.identifiers import parse_packet_id
from reference_impl.packets import consuming, crediting, details, expiry, grab, listing, open, pay, send
from reference_impl.reconcile.run import run_all
from reference_impl.runtime import ThreadRuntime
from reference_impl.settings import Settings
from reference_impl.stores import stream

EVENING_US: Final = int(datetime(2027, 1, 31, 20, tzinfo=UTC).timestamp()) * 1_000_000
"""Runs begin before the end of a month, so that day tables turn over."""
DAYS: Final = (29, 30, 31, *range(1, 20))
"""The days of month that a run can see."""
SHORT_MS: Final = 60_000
LONG_MS: Final = 20 * 3600 * 1000
SWEEP_EVERY_US: Final = 6 * 3600 * 1_000_000
PASSES: Final = 6
"""After so many passes what is still under way will stay so."""
_REASONS: Final = {"unknown_packet": "unknown"}


class MovedRuntime(ThreadRuntime):
    """Time stands still until it is moved; what is drawn is the same in every run."""

    def __init__(self) -> None:
        super().__init__()
        self.moment_us = EVENING_US
        self._random = Random(0)

    def now_us(self) -> int:
        return self.moment_us

    def today(self) -> date:
        return datetime.fromtimestamp(self.moment_us / 1_000_000, UTC).date()

    def sleep(self, seconds: float) -> None:
        self.moment_us += int(seconds * 1_000_000)

    def draw(self) -> int:
        return self._random.getrandbits(64)


class Deployment:
    """Makes systems in `folder`, each with stores of its own, copied from empty ones that are made once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._runs = count(1)
        self._empty = folder / "empty"
        create_stores(_settings(self._empty))

    def make(self) -> "ReferenceSystem":
        """A system that nobody has used."""
        return ReferenceSystem(shutil.copytree(self._empty, self._folder / f"run-{next(self._runs)}"))


class ReferenceSystem:
    """One run's system over the empty stores in `folder`, which it removes; an `invariants.machine.SystemUnderTest`.

    A refusal is `fail`. Nothing is wrong with the stores, so that any other error is the system's fault.
    """

    def __init__(self, folder: Path) -> None:
        settings = _settings(folder)
        self._folder = folder
        self._runtime = MovedRuntime()
        cache: Any = fakeredis.FakeRedis(server=fakeredis.FakeServer(version=(7,)), decode_responses=True)
        stores = connect(settings, self._runtime)
        self._system = assemble(settings, self._runtime, stores, cache, "machine")
        for tagged in self._system.sides():
            stream.create_groups(cache, tagged)
        self._ends_us: dict[str, int] = {}

    def fund(self, person: int, amount_fen: int, key: str) -> Outcome:
        def ask() -> Outcome:
            self._system.ledger.fund(person, amount_fen, key, tagged=False)
            return Outcome("ok")

        return _answer(ask)

    def send(self, sender: int, packet: Packet, short: bool, key: str) -> Outcome:
        order = send.SendRequest(
            sender,
            packet.kind,
            packet.total_fen,
            packet.shares,
            region="south" if sender % 2 else "north",
            expires_in_ms=SHORT_MS if short else LONG_MS,
        )
        return _answer(lambda: Outcome("ok", subject=send.send(self._system, order, key, False).packet))

    def pay(self, packet: str, person: int, key: str) -> Outcome:
        def ask() -> Outcome:
            paid = pay.pay(self._system, parse_packet_id(packet), person)
            self._ends_us[packet] = paid.expires_us
            return Outcome("ok", amount_fen=paid.total_fen)

        return _answer(ask)

    def grab(self, packet: str, person: int) -> Outcome:
        def ask() -> Outcome:
            grab.grab(self._system, parse_packet_id(packet), person)
            return Outcome("ok")

        return _answer(ask)

    def open(self, packet: str, person: int, key: str) -> Outcome:
        def ask() -> Outcome:
            taken = open.open_packet(self._system, parse_packet_id(packet), person, key)
            return Outcome("ok", "", packet, taken.amount_fen, taken.sequence, taken.remaining_fen)

        return _answer(ask)

    def details(self, packet: str) -> Outcome:
        def ask() -> Outcome:
            shown = details.details(self._system, parse_packet_id(packet))
            return Outcome("ok", shares={one.person: one.amount_fen for one in shown.opens})

        return _answer(ask)

    def balance(self, person: int) -> Outcome:
        return Outcome("ok", balance_fen=self._system.ledger.balance_fen(person, tagged=False))

    def expire(self, packet: str) -> None:
        """Time passes to the packet's end; the sweeper comes now and then, as it would."""
        until_us = self._ends_us.get(packet, 0)
        while self._runtime.moment_us < until_us:
            expiry.sweep(self._system)
            self._runtime.moment_us = min(until_us, self._runtime.moment_us + SWEEP_EVERY_US)

    def is_over(self, packet: str) -> bool | None:
        return packet in self._ends_us and self._runtime.moment_us >= self._ends_us[packet]

    def settle(self) -> Outcome:
        """What the background does, until a pass finds nothing to do."""
        for _ in range(PASSES):
            if not self._pass():
                return Outcome("ok")
        return Outcome("fail", f"after {PASSES} passes there is still something to do")

    def close(self) -> None:
        self._system.close()
        shutil.rmtree(self._folder)

    def _pass(self) -> int:
        """One pass of consumer, sweeper and reconciliations; how much they did."""
        system, until_us = self._system, self._runtime.now_us() + 1
        swept = expiry.sweep(system)
        worked = sum(
            work(system, job, "machine")
            for job in (crediting.JOB, listing.JOB)
            for work in (consuming.run_once, consuming.take_over)
        )
        return swept + worked + sum(report.missing for report in run_all(system, 0, until_us).values())


def _settings(folder: Path) -> Settings:
    return Settings(
        sql=f"sqlite:///{folder}",
        cache="embedded",
        data=str(folder),
        order_shards=1,
        activity="",
        day_tables=DAYS,
        group_commit=False,
        rest_ms=0,
    )


def _answer(ask: Callable[[], Outcome]) -> Outcome:
    try:
        return ask()
    except Refused as refused:
        return Outcome("fail" if refused.kind.definite else "info", _REASONS.get(refused.code, refused.code))
