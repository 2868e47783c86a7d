"""Harsh surroundings that the clean system survives: each makes one kind of bug show itself."""

import itertools
from typing import Any

import redis
import sqlalchemy as sa

from reference_impl.ledger import ledger
from reference_impl.packets import crediting
from reference_impl.stores import stream

_EVERY = 5


def every_message_twice() -> None:
    """The stream delivers each message a second time."""
    handle = crediting.handle

    def twice(system: Any, message: stream.Message, tagged: bool) -> None:
        handle(system, message, tagged)
        handle(system, message, tagged)

    crediting.handle = twice


def ledger_stumbles() -> None:
    """Every fifth crediting meets a database that does not answer, and posts nothing."""
    credit = ledger.Ledger.credit
    calls = itertools.count(1)

    def stumbling(self: ledger.Ledger, *arguments: Any) -> None:
        if next(calls) % _EVERY == 0:
            raise sa.exc.OperationalError("credit", {}, Exception("the ledger did not answer"))
        credit(self, *arguments)

    ledger.Ledger.credit = stumbling


def stream_stumbles() -> None:
    """Every fifth message cannot be written to the stream."""
    add = stream.add
    calls = itertools.count(1)

    def stumbling(cache: Any, *arguments: Any) -> None:
        if next(calls) % _EVERY == 0:
            raise redis.TimeoutError("the stream did not answer")
        add(cache, *arguments)

    stream.add = stumbling
