"""Packets that went to the cold store: over for good, and readable for ever (W14).

Whoever looks for a packet looks into its day's table first and then here: a packet leaves the one only after it stands
in the other, so that it is found at every moment.
"""

import sqlalchemy as sa

from reference_impl.domain.identifiers import PacketId
from reference_impl.domain.packet import Packet, Voucher
from reference_impl.packets import rows
from reference_impl.stores.cold_tables import cold_tables
from reference_impl.system import System


class Stands(Exception):
    """The packet stands in the cold store; nothing was changed."""

    def __init__(self, packet: Packet) -> None:
        self.packet = packet
        super().__init__(packet.packet)


def find(system: System, at: PacketId) -> Packet | None:
    """The packet's row, if it is cold."""
    store, tables = system.cold.get(at.region), cold_tables(at.tagged).orders
    return store.read(lambda connection: rows.read_packet(connection, at, tables)) if store else None


def load(system: System, at: PacketId) -> tuple[Packet, list[Voucher]] | None:
    """The packet and its opens, if it is cold."""
    store, tables = system.cold.get(at.region), cold_tables(at.tagged).orders

    def work(connection: sa.Connection) -> tuple[Packet, list[Voucher]] | None:
        packet = rows.read_packet(connection, at, tables)
        return (packet, rows.opens_of(connection, at, tables=tables)) if packet else None

    return store.read(work) if store else None
