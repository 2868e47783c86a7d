import logging
from collections.abc import Sequence
from functools import partial

import sqlalchemy as sa

from reference_impl.domain.identifiers import parse_packet_id
from reference_impl.domain.packet import OpenDecisions, OpenRequest
from reference_impl.mutants import Mutant
from reference_impl.mutants.decided import open_in
from reference_impl.packets import group_commit
from reference_impl.packets import open as opening
from reference_impl.system import System

log = logging.getLogger(__name__)

_serve_batch = opening.serve_batch


def _answer_what_was_decided(system: System, packet: str, requests: Sequence[OpenRequest]) -> group_commit.Served:
    at = parse_packet_id(packet)
    store = system.orders[at.region, at.shard]
    decided: list[OpenDecisions] = []
    try:
        store.write(lambda connection: open_in(connection, system, store, at, requests, decided))
    except sa.exc.SQLAlchemyError:
        log.exception("opens of %s are not in the database", packet)
        if decided:
            return group_commit.Served(decided[-1].answers, group_commit.nothing)
    if not decided:
        return _serve_batch(system, packet, requests)
    return group_commit.Served(decided[-1].answers, partial(opening._publish, system, at, decided[-1]))


def _plant() -> None:
    opening.serve_batch = _answer_what_was_decided


MUTANT = Mutant(
    name="answered_before_commit",
    row="W11",
    caught_by="no_lost_acknowledgement",
    summary="people are told what was decided, whether or not it comes to be written",
    seen_in="services that pop a share from a Redis list, answer, and lose the write to the database that follows",
    plant=_plant,
    world="hot_packet",
)
