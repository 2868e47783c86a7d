"""A packet's rows in its order database."""

from collections.abc import Collection, Sequence
from functools import cache
from typing import Any

import msgspec
import sqlalchemy as sa

from reference_impl.domain.identifiers import PacketId
from reference_impl.domain.packet import REFUND_SEQUENCE, Packet, Voucher
from reference_impl.stores.layout import OrderTables, tables_of
from reference_impl.stores.sql import DatabaseClock, LockedClock, Store, between, insert_into

OPEN = "open"
REFUND = "refund"
VOUCHER_COLUMNS = (
    "packet", "sequence", "kind", "person", "amount_fen", "remaining_fen", "made_us", "client_key",
)  # fmt: skip


def read_packet(connection: sa.Connection, packet: PacketId, tables: OrderTables | None = None) -> Packet | None:
    """The packet's row as it stands, in its day's table or in these."""
    row = connection.execute(_read((tables or tables_of(packet)).packets), {"id": str(packet)}).first()
    return Packet(*row) if row else None


def lock_packet(connection: sa.Connection, packet: PacketId) -> tuple[Packet, int] | None:
    """The packet's row, locked until the transaction ends, and the database's clock (Money rules 4 and 5)."""
    row = connection.execute(_lock(tables_of(packet).packets), {"id": str(packet)}).first()
    return (Packet(*row[:-1]), int(row[-1])) if row else None


def insert_packet(connection: sa.Connection, packet: Packet, at: PacketId, until_us: int | None = None) -> bool:
    """Whether the packet was inserted: not, where the database's clock has come to `until_us`.

    Raises IntegrityError where the id stands already: a duplicate is never an upsert (Money rule 3).
    """
    packets, values = tables_of(at).packets, msgspec.structs.asdict(packet)
    if until_us is None:
        connection.execute(insert_into(packets), values)
        return True
    return connection.execute(_insert_until(packets), {**values, "until_us": until_us}).rowcount == 1


def update_packet(connection: sa.Connection, before: Packet, after: Packet, at: PacketId) -> None:
    """Write what changed; raises RuntimeError if the row was not as `before` says, though it is locked."""
    changed = connection.execute(
        _update(tables_of(at).packets),
        {
            "id": before.packet,
            "shares_before": before.remaining_shares,
            "state_before": before.state,
            "state": after.state,
            "remaining_fen": after.remaining_fen,
            "remaining_shares": after.remaining_shares,
        },
    )
    if changed.rowcount != 1:
        raise RuntimeError(f"packet {before.packet} changed under its lock")


def opens_of(
    connection: sa.Connection,
    packet: PacketId,
    persons: Collection[int] | None = None,
    tables: OrderTables | None = None,
) -> list[Voucher]:
    """The vouchers of a packet's opens: of some people in any order, or of all in the order they were made."""
    tables, values = tables or tables_of(packet), {"id": str(packet)}
    if persons is None:
        found = connection.execute(_opens(tables), values)
    elif len(persons) == 1:
        found = connection.execute(_opens_of_one(tables), {**values, "person": next(iter(persons))})
    else:
        found = connection.execute(_opens_of(tables), {**values, "persons": list(persons)})
    return [Voucher(*row) for row in found]


def glance(connection: sa.Connection, packet: PacketId, person: int) -> tuple[Packet, bool] | None:
    """The packet's row, and whether this person has opened it, in one statement."""
    row = connection.execute(_glance(tables_of(packet)), {"id": str(packet), "person": person}).first()
    return (Packet(*row[:-1]), row[-1] is not None) if row else None


def changed_packets(
    connection: sa.Connection, tables: tuple[OrderTables, ...], since_us: int, until_us: int
) -> list[tuple[Packet, int]]:
    """Packets whose newest voucher was made between two moments, each with how many opens it has."""
    rows = connection.execute(_changed(tables), {"since_us": since_us, "until_us": until_us})
    return [(Packet(*row[:-1]), int(row[-1])) for row in rows]


def due_packets(connection: sa.Connection, tables: tuple[OrderTables, ...], most: int) -> list[str]:
    """At most so many packets in these tables whose time is over and whose remainder is not refunded."""
    return list(connection.execute(_due(tables), {"most": most}).scalars())


def vouchers_between(
    connection: sa.Connection, tables: tuple[OrderTables, ...], since_us: int, until_us: int
) -> list[tuple[Voucher, int]]:
    """Every voucher these tables got between two moments, each with its packet's sender."""
    rows = connection.execute(_made(tables), {"since_us": since_us, "until_us": until_us})
    return [(Voucher(*row[:-1]), int(row[-1])) for row in rows]


def insert_vouchers(connection: sa.Connection, store: Store, made: Sequence[Voucher], at: PacketId) -> None:
    """All in one statement (W11)."""
    store.insert_many(connection, tables_of(at).vouchers, VOUCHER_COLUMNS, [voucher_row(each) for each in made])


def voucher_row(voucher: Voucher) -> tuple[object, ...]:
    """The values of VOUCHER_COLUMNS."""
    return (
        voucher.packet,
        voucher.sequence,
        REFUND if voucher.sequence == REFUND_SEQUENCE else OPEN,
        voucher.person,
        voucher.amount_fen,
        voucher.remaining_fen,
        voucher.made_us,
        voucher.client_key,
    )


# Statements are built once a table: building one costs more than sending it.


@cache
def _read(packets: sa.Table) -> sa.Select[Any]:
    return sa.select(packets).where(packets.c.packet == sa.bindparam("id"))


@cache
def _insert_until(packets: sa.Table) -> sa.Insert:
    values = [sa.bindparam(column.name, type_=column.type) for column in packets.c]
    in_time = sa.select(*values).where(DatabaseClock() < sa.bindparam("until_us", type_=sa.BigInteger))
    return sa.insert(packets).from_select([column.name for column in packets.c], in_time)


@cache
def _glance(tables: OrderTables) -> sa.Select[Any]:
    packets, vouchers = tables.packets, tables.vouchers
    opened = (vouchers.c.packet == packets.c.packet, vouchers.c.kind == OPEN)
    mine = sa.and_(*opened, vouchers.c.person == sa.bindparam("person"))
    joined = packets.outerjoin(vouchers, mine)
    return sa.select(packets, vouchers.c.sequence).select_from(joined).where(packets.c.packet == sa.bindparam("id"))


@cache
def _changed(tables: tuple[OrderTables, ...]) -> sa.CompoundSelect[Any]:
    return sa.union_all(*(_changed_in(pair.packets, pair.vouchers) for pair in tables))


def _changed_in(packets: sa.Table, vouchers: sa.Table) -> sa.Select[Any]:
    made = sa.select(vouchers.c.packet).where(between(vouchers.c.made_us))
    return (
        sa.select(packets, sa.func.sum(sa.case((vouchers.c.kind == OPEN, 1), else_=0)))
        .join(vouchers, vouchers.c.packet == packets.c.packet)
        .where(packets.c.packet.in_(made))
        .group_by(*packets.c)
        .having(sa.func.max(vouchers.c.made_us) < sa.bindparam("until_us"))
    )


@cache
def _due(tables: tuple[OrderTables, ...]) -> sa.CompoundSelect[Any]:
    return sa.union_all(
        *(
            sa.select(packets.c.packet).where(packets.c.state == "paid", packets.c.expires_us <= DatabaseClock())
            for packets in (each.packets for each in tables)
        )
    ).limit(sa.bindparam("most"))


@cache
def _made(tables: tuple[OrderTables, ...]) -> sa.CompoundSelect[Any]:
    return sa.union_all(
        *(
            _select(pair)
            .add_columns(pair.packets.c.sender)
            .join(pair.packets, pair.packets.c.packet == pair.vouchers.c.packet)
            .where(between(pair.vouchers.c.made_us))
            for pair in tables
        )
    )


@cache
def _lock(packets: sa.Table) -> sa.Select[Any]:
    return sa.select(packets, LockedClock()).where(packets.c.packet == sa.bindparam("id")).with_for_update()


@cache
def _update(packets: sa.Table) -> sa.Update:
    return (
        sa.update(packets)
        .where(packets.c.packet == sa.bindparam("id"), packets.c.state == sa.bindparam("state_before"))
        .where(packets.c.remaining_shares == sa.bindparam("shares_before"))
        .values({name: sa.bindparam(name) for name in ("state", "remaining_fen", "remaining_shares")})
    )


@cache
def _opens(tables: OrderTables) -> sa.Select[Any]:
    return _opened(tables).order_by(tables.vouchers.c.sequence)


# Of some people no order is asked for: MariaDB would read the packet's every voucher by sequence instead of these
# people's by name. Most ask for one, and a list of any length is written anew at every call.


@cache
def _opens_of_one(tables: OrderTables) -> sa.Select[Any]:
    return _opened(tables).where(tables.vouchers.c.person == sa.bindparam("person"))


@cache
def _opens_of(tables: OrderTables) -> sa.Select[Any]:
    return _opened(tables).where(tables.vouchers.c.person.in_(sa.bindparam("persons", expanding=True)))


def _opened(tables: OrderTables) -> sa.Select[Any]:
    c = tables.vouchers.c
    return _select(tables).where(c.packet == sa.bindparam("id"), c.kind == OPEN)


def _select(tables: OrderTables) -> sa.Select[Any]:
    c = tables.vouchers.c
    return sa.select(c.packet, c.sequence, c.person, c.amount_fen, c.remaining_fen, c.made_us, c.client_key)
