"""Expiry: what nobody opened goes back to the sender, once, under the lock that opens take (W21, Money rule 5)."""

import sqlalchemy as sa

from reference_impl.domain.identifiers import PacketId, parse_packet_id
from reference_impl.domain.packet import Packet, Voucher, decide_refund
from reference_impl.packets import rows
from reference_impl.packets.publish import publish
from reference_impl.stores.layout import OrderTables
from reference_impl.stores.sql import Store
from reference_impl.system import System

BATCH = 100


def sweep(system: System, everywhere: bool = False) -> int:
    """Refund every packet that is due in the hot tables, or in any; how many were."""
    return sum(
        refund(system, parse_packet_id(packet)) is not None
        for store, tables in (system.day_tables() if everywhere else system.hot_tables())
        for packet in due_packets(store, tables, BATCH)
    )


def due_packets(store: Store, tables: tuple[OrderTables, ...], most: int) -> list[str]:
    """At most so many packets in these tables whose time is over and whose remainder is not refunded."""
    return store.read(lambda connection: rows.due_packets(connection, tables, most))


def refund(system: System, at: PacketId) -> Voucher | None:
    """Refund one packet if it is due; the voucher its sender is credited from."""
    store = system.orders[at.region, at.shard]
    done = store.write(lambda connection: _refund_in(connection, store, at))
    if done is None:
        return None
    voucher, packet, opens = done
    publish(system, at, packet, [voucher], opens)
    return voucher


def _refund_in(connection: sa.Connection, store: Store, at: PacketId) -> tuple[Voucher, Packet, list[Voucher]] | None:
    """The refund's voucher, the packet afterwards, and its opens: the cache may have missed some, and gets no more."""
    locked = rows.lock_packet(connection, at)
    if locked is None:
        return None
    packet, now_us = locked
    decided = decide_refund(packet, now_us)
    if decided is None:
        return None
    voucher, after = decided
    rows.insert_vouchers(connection, store, [voucher], at)
    rows.update_packet(connection, packet, after, at)
    return voucher, after, rows.opens_of(connection, at)
