"""Details: who opened what and who was luckiest, at once, credited or not (W07)."""

from collections.abc import Mapping
from typing import Any

import msgspec

from reference_impl.domain.identifiers import PacketId
from reference_impl.domain.packet import Packet
from reference_impl.packets import views
from reference_impl.packets.dressing import dressed
from reference_impl.packets.views import Details, Opened
from reference_impl.stores.cache import packet_key
from reference_impl.system import System


def details(system: System, at: PacketId) -> Details:
    """The packet as its people see it. Raises Refused: unknown_packet, not_paid."""
    cached = _from_cache(system.cache.hgetall(packet_key(str(at), at.tagged)), system.runtime.now_us())
    if cached is None:
        packet, vouchers = views.fill(system, at)
        cached = packet, [views.opened(voucher) for voucher in vouchers]
    return dressed(system, at, *cached)


def _from_cache(fields: Mapping[Any, Any], now_us: int) -> tuple[Packet, list[Opened]] | None:
    """The packet and its opens, or None where the cache has not all of them, or not what became of it in the end."""
    if views.BODY not in fields:
        return None
    packet = msgspec.json.decode(fields[views.BODY], type=Packet)
    opens = [msgspec.json.decode(text, type=Opened) for name, text in fields.items() if name.startswith("o:")]
    opens.sort(key=lambda one: one.sequence)
    taken = packet.shares - int(fields[views.LEFT])
    complete = packet.state == "refunded" or len(opens) == taken
    is_over = packet.state == "paid" and now_us >= packet.expires_us
    return (packet, opens) if complete and not is_over else None
