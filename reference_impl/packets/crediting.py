"""Crediting: vouchers from the stream into accounts (W06)."""

import logging

import sqlalchemy as sa

from reference_impl.domain.identifiers import is_tagged
from reference_impl.ledger.books import Overdrawn
from reference_impl.packets import consuming
from reference_impl.packets.consuming import Job
from reference_impl.stores import stream
from reference_impl.system import System

log = logging.getLogger(__name__)


def handle(system: System, message: stream.Message, tagged: bool) -> None:
    """Credit one message's vouchers, then acknowledge it; a crash in between is a second delivery, and harmless."""
    try:
        credit(system, message.body, tagged)
    except (sa.exc.SQLAlchemyError, Overdrawn, TagMismatch) as error:
        consuming.compensate(system, JOB, message, tagged, error)
    stream.acknowledge(system.stream, message)


def credit(system: System, debt: stream.Debt, tagged: bool) -> None:
    """Raises TagMismatch where a voucher came by the other side's stream (Money rule 11)."""
    if any(is_tagged(voucher.packet) != tagged for voucher in debt.vouchers):
        raise TagMismatch(debt.vouchers[0].packet)
    system.ledger.credit(debt.sender, debt.vouchers, tagged)


class TagMismatch(Exception):
    """A tagged voucher in the live stream, or a live one in the shadow stream."""


JOB = Job(stream.CREDIT, stream.COMPENSATION, lambda *arguments: handle(*arguments))
