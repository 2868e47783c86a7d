"""Breaks W08: what a process remembers of a packet is found by its whole id."""

from typing import Any

from reference_impl.domain.identifiers import PacketId, parse_packet_id
from reference_impl.mutants import Mutant
from reference_impl.packets.memory import Memory

_keep: Any = Memory._keep
_fresh: Any = Memory._fresh


def _number(packet: str) -> str:
    return str(parse_packet_id(packet).number)


def _keep_by_number(self: Memory, entry: Any) -> None:
    self._entries[_number(entry.packet.packet)] = entry


def _fresh_by_number(self: Memory, at: PacketId) -> Any:
    return self._entries.get(str(at.number))


def _plant() -> None:
    Memory._keep = _keep_by_number
    Memory._fresh = _fresh_by_number


MUTANT = Mutant(
    name="memory_of_another",
    caught_by="sold_out_is_final",
    summary="a process remembers packets by their number alone: one is called sold out because another is (W08)",
    seen_in="local caches keyed by an id within a shard or tenant, shared by all of them",
    plant=_plant,
    world="memory",
    row="W08",
)
