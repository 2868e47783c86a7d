"""Reading without the cache: the database is asked instead, under its guard (W17).

The process's own memory (W08), where there is one, stands between the two: whoever asks looks there before `guarded`.
"""

from collections.abc import Callable, Collection
from typing import TypeVar

import sqlalchemy as sa

from reference_impl.domain.errors import Refused
from reference_impl.domain.identifiers import PacketId
from reference_impl.domain.packet import Packet, Voucher
from reference_impl.packets import rows, views
from reference_impl.packets.send import preordered
from reference_impl.resilience.breaker import CACHE
from reference_impl.stores.cache import CacheError
from reference_impl.system import System

T = TypeVar("T")


def cached(system: System, read: Callable[[], T]) -> T | None:
    """What the cache says, or None where it does not answer or operators have switched it off."""
    if system.controls.on("grab_database") or not system.breakers.may_try(CACHE):
        return None
    try:
        return system.breakers.tried(CACHE, read)
    except CacheError:
        return None


def guarded(system: System, at: PacketId, persons: Collection[int] | None = None) -> tuple[Packet, list[Voucher]]:
    """A packet and its opens, or those of some people, from the database alone.

    Raises Refused: limited, not_paid, unknown_packet; CacheError where nobody knows whether it is preordered.
    """
    system.limits.take("guard_per_s")
    store = system.order_store(at)
    found = store.read(lambda connection: _read(connection, at, persons)) if store else None
    if found is None:
        raise Refused("not_paid" if preordered(system, str(at), at.tagged) else "unknown_packet", str(at))
    return found


def filled(system: System, at: PacketId) -> tuple[Packet, list[Voucher]]:
    """A packet that the cache has not got: from the database, put into the cache. Raises Refused as `guarded` does."""
    if system.controls.on("database_guard"):
        system.limits.take("guard_per_s")
    return views.fill(system, at)


def _read(
    connection: sa.Connection, at: PacketId, persons: Collection[int] | None
) -> tuple[Packet, list[Voucher]] | None:
    packet = rows.read_packet(connection, at)
    return (packet, rows.opens_of(connection, at, persons)) if packet else None
