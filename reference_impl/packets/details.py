"""Details: who opened what and who was luckiest, at once, credited or not (W07)."""

from collections.abc import Mapping
from typing import Any

import msgspec

from reference_impl.domain.identifiers import PacketId
from reference_impl.domain.packet import Packet
from reference_impl.packets import fallback, views
from reference_impl.packets.views import Details, Opened
from reference_impl.stores.cache import packet_key
from reference_impl.system import System


def details(system: System, at: PacketId) -> Details:
    """The packet as its people see it. Raises Refused: unknown_packet, not_paid, limited."""
    told = fallback.cached(system, lambda: system.cache.hgetall(packet_key(str(at), at.tagged)))
    cached = _from_cache(told or {})
    if cached is None:
        packet, vouchers = fallback.guarded(system, at) if told is None else fallback.filled(system, at)
        cached = packet, [views.opened(voucher) for voucher in vouchers]
    return _details(*cached)


def _from_cache(fields: Mapping[Any, Any]) -> tuple[Packet, list[Opened]] | None:
    """The packet and its opens, or None where the cache has not all of them."""
    if views.BODY not in fields:
        return None
    packet = msgspec.json.decode(fields[views.BODY], type=Packet)
    opens = [msgspec.json.decode(text, type=Opened) for name, text in fields.items() if name.startswith("o:")]
    opens.sort(key=lambda one: one.sequence)
    taken = packet.shares - int(fields[views.LEFT])
    complete = packet.state == "refunded" or len(opens) == taken
    return (packet, opens) if complete else None


def _details(packet: Packet, opens: list[Opened]) -> Details:
    finished = packet.state == "exhausted"
    luckiest = max(opens, key=lambda one: (one.amount_fen, -one.sequence)).person if finished and opens else None
    return Details(
        packet.packet,
        packet.sender,
        packet.kind,
        packet.total_fen,
        packet.shares,
        packet.state,
        opens,
        luckiest,
    )
