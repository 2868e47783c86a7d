"""Telling others what was committed: the ledger by the stream (W06), readers by the cache (W09).

Both come after the commit and neither can undo it: what is lost here reconciliation finds.
"""

import logging
from collections.abc import Sequence

from reference_impl.domain.identifiers import PacketId
from reference_impl.domain.packet import Packet, Voucher
from reference_impl.packets import crediting, views
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
    are what the cache is to show."""
    crediting.owe(system, packet.sender, owed, now, at.tagged)
    _show(system, at, packet, opens)


def _show(system: System, at: PacketId, packet: Packet, opens: Sequence[Voucher]) -> None:
    try:
        views.write_packet(system.cache, packet, opens, at.tagged)
    except CacheError:
        log.warning("packet %s is not in the cache; the next reader fills it", at)
