"""Crediting: vouchers from the stream into accounts; what fails is compensated, what never works laid aside (W06)."""

import logging

import msgspec
import sqlalchemy as sa

from reference_impl.domain.identifiers import is_tagged
from reference_impl.ledger.books import Overdrawn
from reference_impl.stores import stream
from reference_impl.stores.cache import CacheError
from reference_impl.system import System

log = logging.getLogger(__name__)

MOST_ATTEMPTS = 5
TAKE_OVER_EVERY_US = 1_000_000


def run_once(system: System, consumer: str) -> int:
    """Credit what waits in the streams, live and tagged; how many messages were seen. Raises CacheError."""
    seen = 0
    for tagged in system.sides():
        for message in stream.receive(system.cache, stream.CREDIT, tagged, consumer):
            handle(system, message, tagged)
            seen += 1
    return seen


def take_over(system: System, consumer: str) -> int:
    """Credit what has rested: left by a dead consumer, or sent to compensation; how many. Raises CacheError."""
    seen = 0
    for tagged in system.sides():
        for name in (stream.CREDIT, stream.COMPENSATION):
            for message in stream.claim(system.cache, name, tagged, consumer, system.settings.rest_ms):
                handle(system, message, tagged)
                seen += 1
        stream.rest(system.cache, stream.COMPENSATION, tagged, consumer)
    return seen


def handle(system: System, message: stream.Message, tagged: bool) -> None:
    """Credit one message's vouchers, then acknowledge it; a crash in between is a second delivery, and harmless."""
    try:
        credit(system, message.debt, tagged)
    except (sa.exc.SQLAlchemyError, Overdrawn, TagMismatch) as error:
        _compensate(system, message, tagged, error)
    stream.acknowledge(system.cache, message)


def credit(system: System, debt: stream.Debt, tagged: bool) -> None:
    """Raises TagMismatch where a voucher came by the other side's stream (Money rule 11)."""
    if any(is_tagged(voucher.packet) != tagged for voucher in debt.vouchers):
        raise TagMismatch(debt.vouchers[0].packet)
    system.ledger.credit(debt.sender, debt.vouchers, tagged)


class TagMismatch(Exception):
    """A tagged voucher in the live stream, or a live one in the shadow stream."""


def _compensate(system: System, message: stream.Message, tagged: bool, error: Exception) -> None:
    attempts = message.debt.attempts + 1
    target = stream.DEAD if attempts >= MOST_ATTEMPTS else stream.COMPENSATION
    log.warning("credit of %s failed (attempt %d, now in %s): %s", message.number, attempts, target, error)
    stream.add_debt(system.cache, target, tagged, msgspec.structs.replace(message.debt, attempts=attempts))


def listen(system: System, consumer: str) -> None:
    """The consumer's endless loop; a cache that is gone is waited for."""
    while True:
        try:
            for tagged in system.sides():
                stream.create_groups(system.cache, tagged)
            _work(system, consumer)
        except CacheError as error:
            log.warning("the stream does not answer: %s", error)
            system.runtime.sleep(0.5)


def _work(system: System, consumer: str) -> None:
    taken_over_us = 0
    while True:
        seen = run_once(system, consumer)
        now_us = system.runtime.now_us()
        if now_us - taken_over_us > TAKE_OVER_EVERY_US:
            taken_over_us = now_us
            seen += take_over(system, consumer)
        if not seen:
            system.runtime.sleep(0.02)
