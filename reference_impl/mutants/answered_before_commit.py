import logging
from collections.abc import Sequence
from functools import partial

import sqlalchemy as sa

from reference_impl.domain.identifiers import PacketId, parse_packet_id
from reference_impl.domain.packet import OpenDecisions, OpenRequest
from reference_impl.mutants import Mutant
from reference_impl.packets import group_commit
from reference_impl.packets import open as opening
from reference_impl.system import System

log = logging.getLogger(__name__)

_serve_batch = opening.serve_batch


def _answer_what_was_decided(system: System, packet: str, requests: Sequence[OpenRequest]) -> group_commit.Served:
    at = parse_packet_id(packet)
    store = system.order_store(at)
    if store is None:
        return _serve_batch(system, packet, requests)
    decided: list[OpenDecisions] = []

    def work(connection: sa.Connection) -> None:
        decisions = opening._open_in(connection, system, store, at, requests)
        decided[:] = [decisions] if isinstance(decisions, OpenDecisions) else []

    publish = group_commit.nothing
    try:
        store.write(work)
        publish = partial(_publish, system, at, decided)
    except sa.exc.SQLAlchemyError:
        log.exception("opens of %s are not in the database", packet)
    return group_commit.Served(decided[0].answers, publish) if decided else _serve_batch(system, packet, requests)


def _publish(system: System, at: PacketId, decided: Sequence[OpenDecisions]) -> None:
    for decisions in decided:
        opening._publish(system, at, decisions)


def _plant() -> None:
    opening.serve_batch = _answer_what_was_decided


MUTANT = Mutant(
    name="answered_before_commit",
    caught_by="no_lost_acknowledgement",
    summary="people are told what was decided, whether or not the transaction is committed",
    seen_in="services that pop a share from a Redis list, answer, and lose the write to the database that follows",
    plant=_plant,
    world="hot_packet",
)
