import logging

import sqlalchemy as sa

from reference_impl.ledger.books import Overdrawn
from reference_impl.mutants import Mutant
from reference_impl.mutants.weather import ledger_stumbles
from reference_impl.packets import crediting
from reference_impl.stores import stream
from reference_impl.system import System

log = logging.getLogger(__name__)


def _acknowledge_first(system: System, message: stream.Message, tagged: bool) -> None:
    stream.acknowledge(system.stream, message)
    try:
        crediting.credit(system, message.body, tagged)
    except (sa.exc.SQLAlchemyError, Overdrawn, crediting.TagMismatch):
        log.exception("credit failed")


def _plant() -> None:
    crediting.handle = _acknowledge_first


MUTANT = Mutant(
    name="acknowledge_before_credit",
    row="W06",
    caught_by="exactly_once_credit",
    summary="a message is acknowledged before its credit is posted; when posting fails nobody tries again",
    seen_in="consumers with automatic acknowledgement, and handlers that log an exception and return",
    plant=_plant,
    beside="lost_stream_write",
    weather=ledger_stumbles,
    world="credit",
)
