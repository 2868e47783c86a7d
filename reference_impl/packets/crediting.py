"""Crediting: vouchers into accounts, by the stream or with their open (W06, W19). A batch is reconcile/vouchers.py."""

import logging
from collections.abc import Sequence
from typing import Final

import sqlalchemy as sa

from reference_impl.domain.crediting import Levels, due_by_stream
from reference_impl.domain.identifiers import is_tagged
from reference_impl.domain.packet import Voucher
from reference_impl.ledger.books import Overdrawn
from reference_impl.packets import consuming
from reference_impl.packets.consuming import Job
from reference_impl.stores import stream
from reference_impl.stores.cache import CacheError
from reference_impl.system import System

log = logging.getLogger(__name__)

BY_STREAM: Final = "stream"
NOW: Final = "now"


class TagMismatch(Exception):
    """A tagged voucher in the live stream, or a live one in the shadow stream."""


FAILURES: Final = (sa.exc.SQLAlchemyError, Overdrawn, TagMismatch)
"""What a credit can end in: it may have happened, and is tried again under the same key (Money rule 6)."""


def levels(system: System) -> Levels:
    """What operators have set, as this process knows it (W19)."""
    controls = system.controls
    return Levels(controls.on("credit_large_now"), controls.on("credit_later"), controls.value("large_fen"))


def handle(system: System, message: stream.Message, tagged: bool) -> None:
    """Credit one message's vouchers, then acknowledge it; a crash in between is a second delivery, and harmless."""
    try:
        count(system, BY_STREAM, credit(system, message.body, tagged))
    except FAILURES as error:
        consuming.compensate(system, JOB, message, tagged, error)
    stream.acknowledge(system.stream, message)


def credit(system: System, debt: stream.Debt, tagged: bool) -> int:
    """How many vouchers' money arrived. Raises one of FAILURES: TagMismatch where a voucher came by the other side's
    stream (Money rule 11)."""
    if any(is_tagged(voucher.packet) != tagged for voucher in debt.vouchers):
        raise TagMismatch(debt.vouchers[0].packet)
    return system.ledger.credit(debt.sender, debt.vouchers, tagged)


def credit_now(system: System, sender: int, voucher: Voucher, tagged: bool) -> None:
    """Credit a voucher in its open's own request; what fails goes by the stream, for the open is committed (W19)."""
    try:
        count(system, NOW, credit(system, stream.Debt(sender, [voucher]), tagged))
    except FAILURES as error:
        log.warning("voucher %s goes by the stream: %s", voucher.voucher, error)
        _owe(system, stream.Debt(sender, [voucher]), tagged)


def owe(system: System, sender: int, owed: Sequence[Voucher], now: Sequence[Voucher], tagged: bool) -> None:
    """Tell the ledger, by the stream, what is owed and not credited by another way; `now` are those due with their
    open."""
    by_stream = due_by_stream(owed, now, levels(system))
    if by_stream:
        _owe(system, stream.Debt(sender, by_stream), tagged)


def count(system: System, path: str, arrived: int) -> None:
    """Count the vouchers credited by a path."""
    if arrived:
        system.counts.add("credited", path, by=arrived)


def _owe(system: System, debt: stream.Debt, tagged: bool) -> None:
    try:
        stream.add(system.stream, stream.CREDIT, tagged, debt)
    except CacheError:
        log.warning("%d vouchers of packet %s await reconciliation", len(debt.vouchers), debt.vouchers[0].packet)


JOB = Job(stream.CREDIT, stream.COMPENSATION, lambda *arguments: handle(*arguments))
