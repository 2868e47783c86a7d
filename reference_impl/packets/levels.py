"""Reading a packet: from the cache, from this process's memory, from the database, whichever has it first (W08).

A level that fails or is switched off is left out; all of them answer the same. There is no read replica.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from reference_impl.domain.identifiers import PacketId
from reference_impl.domain.packet import Packet
from reference_impl.packets import rows, views
from reference_impl.packets.views import Opened
from reference_impl.stores.cache import CacheError, packet_key, person_field
from reference_impl.system import System

Glance = tuple[Packet, bool]
"""A packet, and whether one person has opened it."""


def glance(system: System, at: PacketId, person: int) -> Glance:
    """What a grab needs; from the cache in one round trip. Raises Refused: not_paid, unknown_packet."""
    answers = False
    if not system.controls.on("grab_database"):
        try:
            body, mine = system.cache.hmget(packet_key(str(at), at.tagged), (views.BODY, person_field(person)))
            answers = True
            if body is not None:
                system.counts.add("read", "grab", "cache")
                return msgspec.json.decode(body, type=Packet), mine is not None
        except CacheError:
            pass
    remembered = None if system.controls.on("memory_off") else system.memory.packet(at, person)
    if remembered is not None:
        system.counts.add("read", "grab", "memory")
        return remembered
    system.counts.add("read", "grab", "database")
    return _glance_at_database(system, at, person, answers)


def whole(system: System, at: PacketId) -> tuple[Packet, Sequence[Opened]]:
    """The packet and its opens in order. Raises Refused: not_paid, unknown_packet."""
    answers = False
    try:
        cached = _decoded(system.cache.hgetall(packet_key(str(at), at.tagged)))
        answers = True
        if cached is not None:
            system.counts.add("read", "details", "cache")
            return cached
    except CacheError:
        pass
    remembered = None if system.controls.on("memory_off") else system.memory.whole(at)
    system.counts.add("read", "details", "memory" if remembered else "database")
    packet, vouchers = remembered or views.fill(system, at, cached=answers)
    return packet, [views.opened(voucher) for voucher in vouchers]


def _glance_at_database(system: System, at: PacketId, person: int, cache_answers: bool) -> Glance:
    """The whole packet where that spares the next reader the way, otherwise no more than is asked for."""
    if cache_answers or not system.controls.on("memory_off"):
        packet, vouchers = views.fill(system, at, cached=cache_answers)
        return packet, any(voucher.person == person for voucher in vouchers)
    store = system.order_store(at)
    found = store.read(lambda connection: rows.glance(connection, at, person)) if store else None
    if found is None:
        raise views.missing(system, at)
    return found


def _decoded(fields: Mapping[Any, Any]) -> tuple[Packet, list[Opened]] | None:
    """The packet and its opens, or None where the cache has not all of them."""
    if views.BODY not in fields:
        return None
    packet = msgspec.json.decode(fields[views.BODY], type=Packet)
    opens = [msgspec.json.decode(text, type=Opened) for name, text in fields.items() if name.startswith("o:")]
    opens.sort(key=lambda one: one.sequence)
    return (packet, opens) if len(opens) == int(fields[views.TAKEN]) else None
