"""Telling others what was committed: this process's memory, ledger and lists by the stream (W06, W02), readers by the
cache (W09).

All of it comes after the commit and none of it can undo it: what the cache misses is repaired by stream, and what the
streams miss reconciliation finds.
"""

import logging
from collections.abc import Sequence

from reference_impl.domain.identifiers import PacketId
from reference_impl.domain.lists import Line, received_lines, sent_lines
from reference_impl.domain.packet import Packet, Voucher
from reference_impl.packets import crediting, listing, views
from reference_impl.stores import stream
from reference_impl.stores.cache import CacheError
from reference_impl.system import System

log = logging.getLogger(__name__)


def publish(
    system: System,
    at: PacketId,
    packet: Packet,
    owed: Sequence[Voucher],
    opens: Sequence[Voucher],
    now: Sequence[Voucher] = (),
) -> None:
    """`owed` are the vouchers that were made, `now` those of them that their open credits (W19); `packet` and `opens`
    are what readers are to see."""
    system.memory.learn(packet, opens)
    crediting.owe(system, packet.sender, owed, now, at.tagged)
    _list(system, at, received_lines(owed))
    _write_cache(system, at, packet, opens)


def publish_paid(system: System, at: PacketId, packet: Packet) -> None:
    """A packet that has just come to be, or the tombstone at its place."""
    system.memory.learn(packet, [])
    _list(system, at, sent_lines(packet))
    _write_cache(system, at, packet, [])


def _list(system: System, at: PacketId, lines: Sequence[Line]) -> None:
    try:
        listing.tell(system, system.stream, lines, at.tagged)
    except CacheError:
        log.warning("%d lines about packet %s await reconciliation", len(lines), at)


def _write_cache(system: System, at: PacketId, packet: Packet, opens: Sequence[Voucher]) -> None:
    if system.controls.on("cache_write_off"):
        _ask_for_repair(system, at, packet)
        return
    try:
        views.write_packet(system.cache, packet, opens, at.tagged)
    except CacheError:
        system.counts.add("cache_missed", "writer")
        _ask_for_repair(system, at, packet)


def _ask_for_repair(system: System, at: PacketId, packet: Packet) -> None:
    system.counts.add("repairs_asked")
    try:
        stream.add(system.stream, stream.REPAIR, at.tagged, stream.Miss(str(at), packet.remaining_shares))
    except CacheError:
        log.warning("what the cache missed of packet %s awaits reconciliation", at)
