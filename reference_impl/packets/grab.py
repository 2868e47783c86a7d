"""Grab (抢): asks the cache whether opening is worth trying; decides nothing about money (W12)."""

import msgspec

from reference_impl.domain.errors import Refused
from reference_impl.domain.identifiers import PacketId
from reference_impl.domain.packet import Packet, refusal
from reference_impl.packets import fallback, views
from reference_impl.stores.cache import packet_key, person_field
from reference_impl.system import System


def grab(system: System, at: PacketId, person: int) -> None:
    """Return where opening is worth trying. What is hopeless stops here, and of the rest so many as may (W12).

    Raises Refused: already_opened, sold_out, expired, void, not_paid, unknown_packet, limited.
    """
    packet, has_opened = _seen(system, at, person)
    if has_opened:
        raise Refused("already_opened")
    reason = refusal(packet, system.runtime.now_us())
    if reason is not None:
        raise Refused(reason)
    system.limits.take("grab_per_s")


def _seen(system: System, at: PacketId, person: int) -> tuple[Packet, bool]:
    """The packet, and whether this person has opened it: from the cache, or from the database (W17)."""
    key = packet_key(str(at), at.tagged)
    told = fallback.cached(system, lambda: system.cache.hmget(key, [views.BODY, person_field(person)]))
    if told is not None and told[0] is not None:
        system.counts.add("grabs", "cache")
        return msgspec.json.decode(str(told[0]), type=Packet), told[1] is not None
    packet, opens = fallback.guarded(system, at, {person}) if told is None else fallback.filled(system, at)
    system.counts.add("grabs", "database")
    return packet, any(voucher.person == person for voucher in opens)
