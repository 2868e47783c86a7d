"""Crediting what tokens promise, at a speed of its own far below that of issuing; the backlog is the stream (B08)."""

import logging
from collections.abc import Sequence
from typing import Final

import sqlalchemy as sa

from reference_impl.ledger.awards import Award, credit_awards
from reference_impl.packets import consuming
from reference_impl.stores import stream
from reference_impl.stores.cache import CacheError
from reference_impl.system import System
from reference_impl.wallet.desk import Desk
from reference_impl.wallet.token_store import AWARDS, AWARDS_AGAIN

log = logging.getLogger(__name__)


def run_once(system: System, desk: Desk, consumer: str) -> int:
    """Credit one delivery of each side, all of its awards in a transaction a database; how many. Raises CacheError."""
    seen = 0
    for tagged in system.sides():
        seen += _work(system, desk, list(stream.receive(desk.tokens.client, AWARDS, tagged, consumer)), tagged)
    return seen


def take_over(system: System, desk: Desk, consumer: str) -> int:
    """Credit what a dead consumer left and what failed before. Raises CacheError."""
    seen, client = 0, desk.tokens.client
    for tagged in system.sides():
        for topic in (AWARDS, AWARDS_AGAIN):
            seen += _work(
                system, desk, list(stream.claim(client, topic, tagged, consumer, system.settings.rest_ms)), tagged
            )
        stream.rest(client, AWARDS_AGAIN, tagged, consumer)
    return seen


def listen(system: System, consumer: str) -> None:
    """The consumer's endless loop; a token store that is gone is waited for. Without a wallet it ends."""
    desk = system.desk
    if desk is not None:
        consuming.attend(
            system,
            desk.tokens.client,
            JOB,
            lambda: run_once(system, desk, consumer),
            lambda: take_over(system, desk, consumer),
            lambda seen: _pause_s(system, seen),
        )


def _pause_s(system: System, seen: int) -> float:
    """So that no more is credited in a second than the dial allows; where nothing waits, a moment."""
    speed = system.controls.value("award_credit_per_s")
    if not seen:
        return consuming.PAUSE_S
    return seen / speed if speed else 0.0


def _work(system: System, desk: Desk, messages: Sequence[stream.Message], tagged: bool) -> int:
    readable = [message for message in messages if message.body is not None]
    for message in messages:
        if message.body is None:
            consuming.lay_aside(system, JOB, message, tagged, "nobody can read it", desk.tokens.client)
    if not readable:
        return len(messages)
    awards = [message.body.award for message in readable]
    try:
        credit(system, desk, awards, tagged)
    except sa.exc.SQLAlchemyError as error:
        log.warning("%d awards are tried again: %s", len(awards), error)
        for message in readable:
            consuming.compensate(system, JOB, message, tagged, error, desk.tokens.client)
    for message in readable:
        stream.acknowledge(desk.tokens.client, message)
    return len(messages)


def credit(system: System, desk: Desk, awards: Sequence[Award], tagged: bool) -> None:
    """Credit awards, and say so where the tokens stand; the ledger's word is enough where nobody asks or it fails."""
    credit_awards(system.ledger, awards, tagged)
    system.counts.add("credited", "award", by=len(awards))
    if system.controls.on("token_store_off"):
        return
    try:
        desk.tokens.mark_credited(awards)
    except CacheError:
        log.warning("%d credited awards are not marked", len(awards))


def _handle(system: System, message: stream.Message, tagged: bool) -> None:
    """One message alone; consumers take a delivery at a time."""
    if system.desk is not None:
        _work(system, system.desk, [message], tagged)


JOB: Final = consuming.Job(AWARDS, AWARDS_AGAIN, _handle)
