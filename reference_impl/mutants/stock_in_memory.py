"""Breaks W08: memory holds what was committed, and nothing that may not come to be."""

from collections import Counter

from reference_impl.domain.errors import Refused
from reference_impl.domain.identifiers import PacketId
from reference_impl.mutants import Mutant
from reference_impl.packets import grab as grabbing
from reference_impl.packets import levels
from reference_impl.system import System

_grab = grabbing.grab


def _grab_from_stock(system: System, at: PacketId, person: int) -> None:
    _grab(system, at, person)
    grabbed: Counter[PacketId] = vars(system.memory).setdefault("grabbed", Counter())
    grabbed[at] += 1
    packet, _ = levels.glance(system, at, person)
    if grabbed[at] > packet.remaining_shares:
        raise Refused("sold_out")


def _plant() -> None:
    grabbing.grab = _grab_from_stock


MUTANT = Mutant(
    name="stock_in_memory",
    caught_by="sold_out_is_final",
    summary="a process lowers its own stock by each grab: sold out is said while shares are left, and are opened (W08)",
    seen_in="flash sales that take stock from a counter in the process first, and never give it back",
    plant=_plant,
    world="memory",
    row="W08",
)
