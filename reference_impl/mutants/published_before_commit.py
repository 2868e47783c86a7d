from collections.abc import Sequence
from typing import Any

from reference_impl.domain.identifiers import PacketId
from reference_impl.domain.packet import OpenDecisions, OpenRequest
from reference_impl.mutants import Mutant
from reference_impl.packets import open as opening
from reference_impl.system import System

_open_in = opening._open_in
_publish = opening._publish


def _tell_at_once(
    connection: Any, system: System, store: Any, at: PacketId, requests: Sequence[OpenRequest]
) -> OpenDecisions | Any:
    decisions = _open_in(connection, system, store, at, requests)
    if isinstance(decisions, OpenDecisions):
        _publish(system, at, decisions)
    return decisions


def _nothing_left_to_tell(*_: Any) -> None:
    pass


def _plant() -> None:
    opening._open_in = _tell_at_once
    opening._publish = _nothing_left_to_tell


MUTANT = Mutant(
    name="published_before_commit",
    row="W06",
    caught_by="exactly_once_credit",
    summary="the credit goes to the stream inside the transaction: a commit that fails pays money nobody owes",
    seen_in="methods annotated as transactional that send to a message queue before they return",
    plant=_plant,
    world="each_alone",
)
