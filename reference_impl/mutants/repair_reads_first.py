"""Breaks W09: what is repaired is what the database says by then."""

from typing import Any, Final

from reference_impl.domain.identifiers import PacketId
from reference_impl.mutants import Mutant
from reference_impl.packets import repairing, views
from reference_impl.stores.cache import packet_key
from reference_impl.system import System

WAIT_S: Final = 0.003
"""As those have it who delete a second time after a while, for readers that put back what was old."""


def _write_what_was_read(system: System, at: PacketId) -> None:
    """Whatever a newer write brought in the meantime."""
    loaded = views.load_packet(system, at)
    if loaded is not None:
        packet, opens = loaded
        system.runtime.sleep(WAIT_S)
        system.cache.delete(packet_key(str(at), at.tagged))
        views.write_packet(system.cache, packet, opens, at.tagged)


def _never_made_up_for(*_: Any) -> bool:
    return False


def _plant() -> None:
    repairing.repair = _write_what_was_read
    repairing.is_made_up_for = _never_made_up_for


MUTANT = Mutant(
    name="repair_reads_first",
    caught_by="cache_agrees",
    summary="a repair reads, waits, deletes what the cache holds and writes what it read: a newer write is lost (W09)",
    seen_in="consumers that rebuild a cache entry from the database, delete and set, with nothing to compare",
    plant=_plant,
    beside="cache_never_reconciled",
    faults="none",
    world="cache_repair",
    row="W09",
)
