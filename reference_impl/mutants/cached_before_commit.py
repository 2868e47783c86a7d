"""Breaks W09: database, memory, Redis is the order."""

from collections.abc import Sequence
from typing import Any

from reference_impl.domain.identifiers import PacketId
from reference_impl.domain.packet import OpenDecisions, OpenRequest
from reference_impl.mutants import Mutant
from reference_impl.packets import open as opening
from reference_impl.packets import publish
from reference_impl.system import System

_open_in = opening._open_in


def _show_at_once(
    connection: Any, system: System, store: Any, at: PacketId, requests: Sequence[OpenRequest]
) -> OpenDecisions | Any:
    decisions = _open_in(connection, system, store, at, requests)
    if isinstance(decisions, OpenDecisions) and decisions.made:
        publish._write_cache(system, at, decisions.packet, decisions.made)
    return decisions


def _plant() -> None:
    opening._open_in = _show_at_once


MUTANT = Mutant(
    name="cached_before_commit",
    caught_by="cache_agrees",
    summary="the cache is written inside the transaction: of a commit that fails it shows an open nobody has (W09)",
    seen_in="services whose cache update sits above the end of a transactional method",
    plant=_plant,
    beside="cache_never_reconciled",
    faults="fail",
    world="cache_repair",
    row="W09",
)
