"""The statements of cooling: rows of many packets at once, in day tables and in cold ones."""

from collections.abc import Sequence
from datetime import date
from functools import cache
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from reference_impl.domain.packet import OVER, Packet, Voucher
from reference_impl.packets.rows import VOUCHER_COLUMNS, voucher_row
from reference_impl.stores.cold_tables import cold_tables
from reference_impl.stores.layout import OrderTables
from reference_impl.stores.sql import Store, insert_into

PACKET_COLUMNS: Final = Packet.__struct_fields__
DAY_OF_ID: Final = (4, 8)
"""Where in an id its full date stands: a day of month comes again, a date does not (Money rule 7)."""


def cold_packets(connection: sa.Connection, tables: OrderTables, last: date, after: str, most: int) -> list[Packet]:
    """At most so many packets of this table, in the order of their ids, that bear this date or an older one."""
    values = {"last": f"{last:%Y%m%d}", "after": after, "most": most}
    return [Packet(*row) for row in connection.execute(_cold(tables.packets), values)]


def count_cold(connection: sa.Connection, tables: OrderTables, last: date) -> int:
    """How many packets of this table bear this date or an older one, whatever state they are in."""
    return int(connection.execute(_count_cold(tables.packets), {"last": f"{last:%Y%m%d}"}).scalar_one())


def packets_of(
    connection: sa.Connection, tables: OrderTables, packets: Sequence[str], lock: bool = False
) -> list[Packet]:
    """Those of the packets that stand here; `lock`: until the transaction ends."""
    return [Packet(*row) for row in connection.execute(_packets(tables.packets, lock), {"packets": list(packets)})]


def vouchers_of(connection: sa.Connection, tables: OrderTables, packets: Sequence[str]) -> list[Voucher]:
    """The vouchers of opens and refunds of these packets, in the order of sequences."""
    return [Voucher(*row) for row in connection.execute(_vouchers(tables.vouchers), {"packets": list(packets)})]


def delete(connection: sa.Connection, tables: OrderTables, packets: Sequence[str]) -> None:
    """Delete the packets' rows and their vouchers'."""
    for table in (tables.vouchers, tables.packets):
        connection.execute(_delete(table), {"packets": list(packets)})


def insert(connection: sa.Connection, store: Store, tagged: bool, packet: Packet, vouchers: Sequence[Voucher]) -> None:
    """Insert a packet and its vouchers into the cold store. Raises IntegrityError where it stands."""
    tables = cold_tables(tagged).orders
    connection.execute(insert_into(tables.packets), msgspec.structs.asdict(packet))
    if vouchers:
        store.insert_many(connection, tables.vouchers, VOUCHER_COLUMNS, [voucher_row(each) for each in vouchers])


def standing(connection: sa.Connection, tagged: bool, packets: Sequence[str]) -> set[str]:
    """Those of the packets that stand in the cold store."""
    return {packet.packet for packet in packets_of(connection, cold_tables(tagged).orders, packets)}


def note(connection: sa.Connection, store: Store, tagged: bool, packets: Sequence[str], begun_us: int) -> None:
    """Note the packets as on their way, where they are not noted. IntegrityError: somebody else just did."""
    moves = cold_tables(tagged).moves
    noted = set(connection.execute(_noted(moves), {"packets": list(packets)}).scalars())
    new = [(packet, begun_us) for packet in packets if packet not in noted]
    if new:
        store.insert_many(connection, moves, ("packet", "begun_us"), new)


def forget(connection: sa.Connection, tagged: bool, packets: Sequence[str]) -> None:
    """The packets are on their way no more."""
    connection.execute(_delete(cold_tables(tagged).moves), {"packets": list(packets)})


def on_their_way(connection: sa.Connection, tagged: bool) -> list[str]:
    """The packets that are noted as on their way."""
    moves = cold_tables(tagged).moves
    return list(connection.execute(sa.select(moves.c.packet).order_by(moves.c.packet)).scalars())


def count_moves(connection: sa.Connection, tagged: bool) -> int:
    return int(connection.execute(sa.select(sa.func.count()).select_from(cold_tables(tagged).moves)).scalar_one())


# Statements are built once a table: building one costs more than sending it.


def _in(column: sa.Column[Any]) -> sa.ColumnElement[bool]:
    return column.in_(sa.bindparam("packets", expanding=True))


@cache
def _cold(packets: sa.Table) -> sa.Select[Any]:
    cold = sa.select(packets).where(packets.c.packet > sa.bindparam("after"), _is_cold(packets))
    return cold.where(packets.c.state.in_(OVER)).order_by(packets.c.packet).limit(sa.bindparam("most"))


@cache
def _count_cold(packets: sa.Table) -> sa.Select[Any]:
    return sa.select(sa.func.count()).select_from(packets).where(_is_cold(packets))


def _is_cold(packets: sa.Table) -> sa.ColumnElement[bool]:
    day: sa.ColumnElement[str] = sa.func.substr(packets.c.packet, *DAY_OF_ID)
    return day <= sa.bindparam("last")


@cache
def _packets(packets: sa.Table, lock: bool) -> sa.Select[Any]:
    found = sa.select(packets).where(_in(packets.c.packet)).order_by(packets.c.packet)
    return found.with_for_update() if lock else found


@cache
def _vouchers(vouchers: sa.Table) -> sa.Select[Any]:
    c = vouchers.c
    columns = (c.packet, c.sequence, c.person, c.amount_fen, c.remaining_fen, c.made_us, c.client_key)
    return sa.select(*columns).where(_in(c.packet)).order_by(c.packet, c.sequence)


@cache
def _noted(moves: sa.Table) -> sa.Select[Any]:
    return sa.select(moves.c.packet).where(_in(moves.c.packet))


@cache
def _delete(table: sa.Table) -> sa.Delete:
    return sa.delete(table).where(_in(table.c.packet))
