"""Cache ↔ orders: what the cache says of a packet otherwise than the database is written anew or forgotten (W09).

The databases' standbys are read, which may lag: what looks different there counts only where the database says so, too.
A packet that is not in the cache is no difference: whoever reads it fills it. Nor is one that nobody has opened: until
then a packet is written once.
"""

import logging
from collections.abc import Iterator
from functools import partial
from typing import Final

import msgspec
import sqlalchemy as sa

from reference_impl.domain.identifiers import PacketId, is_tagged, parse_packet_id
from reference_impl.domain.packet import Packet
from reference_impl.packets import repairing, rows, views
from reference_impl.reconcile.report import Report
from reference_impl.stores.cache import CacheError, packet_key
from reference_impl.system import System

log = logging.getLogger(__name__)
CHUNK: Final = 200

Known = tuple[Packet, int]
"""A packet's row, and how many opens it has."""


def reconcile(system: System, since_us: int, until_us: int) -> Report:
    """Repair every packet whose newest voucher was made between two moments and which the cache shows otherwise."""
    total = Report()
    try:
        for chunk in _chunks(system, since_us, until_us):
            wrong = _wrong(system, chunk)
            for at in wrong:
                _repair(system, at)
            total += Report(len(chunk), len(wrong), len(wrong))
    except (CacheError, sa.exc.SQLAlchemyError) as error:  # others reconcile money, and come after this
        log.warning("the cache is reconciled later: %s", error)
    return total


def count_missing(system: System, since_us: int, until_us: int) -> int:
    """How many packets the cache shows otherwise. Raises CacheError."""
    return sum(len(_wrong(system, chunk)) for chunk in _chunks(system, since_us, until_us))


def _chunks(system: System, since_us: int, until_us: int) -> Iterator[list[Known]]:
    for store, tables in system.hot_tables():
        standby = system.standbys.get(store.name, store)
        changed = standby.read(partial(rows.changed_packets, tables=tables, since_us=since_us, until_us=until_us))
        for start in range(0, len(changed), CHUNK):
            yield changed[start : start + CHUNK]


def _wrong(system: System, known: list[Known]) -> list[PacketId]:
    """Those of these packets that the cache shows otherwise than their database."""
    suspects = [parse_packet_id(packet.packet) for packet, _ in _differing(system, known)]
    loaded = ((at, views.load_packet(system, at)) for at in suspects)
    return [at for at, found in loaded if found and _differing(system, [(found[0], len(found[1]))])]


def _differing(system: System, known: list[Known]) -> list[Known]:
    """In one round trip: those that the cache has in part, or with another body, or another number of opens."""
    with system.cache.pipeline(transaction=False) as pipe:
        for packet, _ in known:
            key = packet_key(packet.packet, is_tagged(packet.packet))
            pipe.hget(key, views.BODY)
            pipe.hlen(key)
        told = pipe.execute()
    return [
        (packet, opens)
        for (packet, opens), body, fields in zip(known, told[::2], told[1::2], strict=True)
        if fields and not (body and _says(body, packet) and fields == opens + views.BESIDES_OPENS)
    ]


def _says(body: str, packet: Packet) -> bool:
    return msgspec.json.decode(body, type=Packet) == packet


def _repair(system: System, at: PacketId) -> None:
    """What is behind is brought forward; what is ahead of its own database is forgotten."""
    repairing.repair(system, at)
    loaded = views.load_packet(system, at)
    if loaded and _differing(system, [(loaded[0], len(loaded[1]))]):
        system.cache.delete(packet_key(str(at), at.tagged))
