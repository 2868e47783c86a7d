"""Telling others what was committed: ledger and lists by the stream (W06, W02), readers by the cache (W09).

Both come after the commit and neither can undo it: what is lost here reconciliation finds.
"""

import logging
from collections.abc import Sequence

from reference_impl.domain.identifiers import PacketId
from reference_impl.domain.lists import received_lines, sent_lines
from reference_impl.domain.packet import Packet, Voucher
from reference_impl.packets import listing, views
from reference_impl.stores import stream
from reference_impl.stores.cache import CacheError
from reference_impl.system import System

log = logging.getLogger(__name__)


def publish(system: System, at: PacketId, packet: Packet, owed: Sequence[Voucher], opens: Sequence[Voucher]) -> None:
    """`owed` are the vouchers that were made; `packet` and `opens` are what the cache is to show."""
    _owe(system, at, packet.sender, owed)
    _show(system, at, packet, opens)


def publish_paid(system: System, at: PacketId, packet: Packet) -> None:
    """A packet that has just come to be, or the tombstone at its place."""
    try:
        listing.tell(system, system.stream, sent_lines(packet), at.tagged)
    except CacheError:
        log.warning("the sender's list awaits reconciliation for packet %s", at)
    _show(system, at, packet, [])


def _owe(system: System, at: PacketId, sender: int, owed: Sequence[Voucher]) -> None:
    try:
        with system.stream.pipeline(transaction=False) as pipe:
            stream.add(pipe, stream.CREDIT, at.tagged, stream.Debt(sender, list(owed)))
            listing.tell(system, pipe, received_lines(owed), at.tagged)
            pipe.execute()
    except CacheError:
        log.warning("%d vouchers of packet %s await reconciliation", len(owed), at)


def _show(system: System, at: PacketId, packet: Packet, opens: Sequence[Voucher]) -> None:
    try:
        views.write_packet(system.cache, packet, opens, at.tagged)
    except CacheError:
        log.warning("packet %s is not in the cache; the next reader fills it", at)
