"""Reading a packet: from the cache, from this process's memory, from the database, whichever has it first (W08).

A level that fails or is switched off is left out; all of them answer the same. There is no read replica.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from reference_impl.domain.identifiers import PacketId
from reference_impl.domain.packet import Packet
from reference_impl.packets import fallback, rows, views
from reference_impl.packets.views import Opened
from reference_impl.stores.cache import packet_key, person_field
from reference_impl.system import System

Glance = tuple[Packet, bool]
"""A packet, and whether one person has opened it."""


def glance(system: System, at: PacketId, person: int) -> Glance:
    """What a grab needs; from the cache in one round trip. Raises Refused: not_paid, unknown_packet, limited."""
    key, wanted = packet_key(str(at), at.tagged), (views.BODY, person_field(person))
    told = fallback.cached(system, lambda: system.cache.hmget(key, wanted))
    if told is not None and told[0] is not None:
        system.counts.add("read", "grab", "cache")
        return msgspec.json.decode(told[0], type=Packet), told[1] is not None
    remembered = None if system.controls.on("memory_off") else system.memory.packet(at, person)
    if remembered is not None:
        system.counts.add("read", "grab", "memory")
        return remembered
    fallback.guard(system, told is not None)
    system.counts.add("read", "grab", "database")
    return _glance_at_database(system, at, person, told is not None)


def whole(system: System, at: PacketId) -> tuple[Packet, Sequence[Opened]]:
    """The packet and its opens in order. Raises Refused: not_paid, unknown_packet, limited."""
    told = fallback.cached(system, lambda: system.cache.hgetall(packet_key(str(at), at.tagged)))
    cached = _decoded(told or {})
    if cached is not None and not _awaits_its_end(cached[0], system.runtime.now_us()):
        system.counts.add("read", "details", "cache")
        return cached
    found = None if system.controls.on("memory_off") else system.memory.whole(at)
    if found is None:
        fallback.guard(system, told is not None)
    system.counts.add("read", "details", "database" if found is None else "memory")
    packet, vouchers = found or views.fill(system, at, cached=told is not None)
    return packet, [views.opened(voucher) for voucher in vouchers]


def _glance_at_database(system: System, at: PacketId, person: int, cache_answers: bool) -> Glance:
    """The whole packet where that spares the next reader the way, otherwise no more than is asked for."""
    if not cache_answers and system.controls.on("memory_off"):
        store = system.order_store(at)
        found = store.read(lambda connection: rows.glance(connection, at, person)) if store else None
        if found is not None:
            return found
    packet, vouchers = views.fill(system, at, cached=cache_answers)
    return packet, any(voucher.person == person for voucher in vouchers)


def _awaits_its_end(packet: Packet, now_us: int) -> bool:
    """Whether its time is over and what became of it may be in the database only."""
    return packet.state == "paid" and now_us >= packet.expires_us


def _decoded(fields: Mapping[Any, Any]) -> tuple[Packet, list[Opened]] | None:
    """The packet and its opens, or None where the cache has not all of them."""
    if views.BODY not in fields:
        return None
    packet = msgspec.json.decode(fields[views.BODY], type=Packet)
    opens = [msgspec.json.decode(text, type=Opened) for name, text in fields.items() if name.startswith("o:")]
    opens.sort(key=lambda one: one.sequence)
    return (packet, opens) if len(opens) == int(fields[views.TAKEN]) else None
