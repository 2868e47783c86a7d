"""Grab (抢): asks the cache whether opening is worth trying; decides nothing about money (W12)."""

import msgspec

from reference_impl.domain.errors import Refused
from reference_impl.domain.identifiers import PacketId
from reference_impl.domain.packet import Packet, refusal
from reference_impl.packets import views
from reference_impl.stores.cache import packet_key, person_field
from reference_impl.system import System


def grab(system: System, at: PacketId, person: int) -> None:
    """Return where opening is worth trying.

    Raises Refused: already_opened, sold_out, expired, void, not_paid, unknown_packet.
    """
    key = packet_key(str(at), at.tagged)
    body, mine = system.cache.hmget(key, [views.BODY, person_field(person)])
    if body is None:
        packet, opens = views.fill(system, at)
        has_opened = any(voucher.person == person for voucher in opens)
    else:
        packet = msgspec.json.decode(str(body), type=Packet)
        has_opened = mine is not None
    if has_opened:
        raise Refused("already_opened")
    reason = refusal(packet, system.runtime.now_us())
    if reason is not None:
        raise Refused(reason)
