"""Breaks W08 and W09: memory is told after the commit."""

from collections.abc import Sequence
from typing import Any

from reference_impl.domain.identifiers import PacketId
from reference_impl.domain.packet import OpenDecisions, OpenRequest
from reference_impl.mutants import Mutant
from reference_impl.packets import open as opening
from reference_impl.system import System

_open_in = opening._open_in


def _remember_at_once(
    connection: Any, system: System, store: Any, at: PacketId, requests: Sequence[OpenRequest]
) -> OpenDecisions | Any:
    decisions = _open_in(connection, system, store, at, requests)
    if isinstance(decisions, OpenDecisions) and decisions.made:
        system.memory.learn(decisions.packet, decisions.made)
    return decisions


def _plant() -> None:
    opening._open_in = _remember_at_once


MUTANT = Mutant(
    name="remembered_before_commit",
    caught_by="sold_out_is_final",
    summary="a process remembers the last share as taken before the commit, which fails: sold out, then opened (W08)",
    seen_in="in-process stock counters that are lowered before the order is written and not raised again",
    plant=_plant,
    world="memory",
)
