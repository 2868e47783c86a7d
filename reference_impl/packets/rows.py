"""A packet's rows in its order database."""

from collections.abc import Collection, Sequence
from functools import cache
from typing import Any

import msgspec
import sqlalchemy as sa

from reference_impl.domain.identifiers import PacketId
from reference_impl.domain.packet import REFUND_SEQUENCE, Packet, Voucher
from reference_impl.stores.layout import OrderTables, tables_of
from reference_impl.stores.sql import DatabaseClock, Store, insert_into

OPEN = "open"
REFUND = "refund"
VOUCHER_COLUMNS = (
    "packet", "sequence", "kind", "person", "amount_fen", "remaining_fen", "made_us", "client_key",
)  # fmt: skip


def read_packet(connection: sa.Connection, packet: PacketId) -> Packet | None:
    """The packet's row as it stands."""
    row = connection.execute(_read(tables_of(packet).packets), {"id": str(packet)}).first()
    return Packet(*row) if row else None


def lock_packet(connection: sa.Connection, packet: PacketId) -> tuple[Packet, int] | None:
    """The packet's row, locked until the transaction ends, and the database's clock (Money rules 4 and 5)."""
    row = connection.execute(_lock(tables_of(packet).packets), {"id": str(packet)}).first()
    return (Packet(*row[:-1]), int(row[-1])) if row else None


def insert_packet(connection: sa.Connection, packet: Packet, at: PacketId) -> None:
    """Raises IntegrityError where the id stands already: a duplicate is never an upsert (Money rule 3)."""
    connection.execute(insert_into(tables_of(at).packets), msgspec.structs.asdict(packet))


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


def opens_of(connection: sa.Connection, packet: PacketId, persons: Collection[int] | None = None) -> list[Voucher]:
    """The vouchers of a packet's opens: of some people in any order, or of all in the order they were made."""
    query = _opens(tables_of(packet), persons is not None)
    chosen = {} if persons is None else {"persons": list(persons)}
    return [Voucher(*row) for row in connection.execute(query, {"id": str(packet), **chosen})]


def due_packets(connection: sa.Connection, days: Sequence[OrderTables], most: int) -> list[str]:
    """At most so many packets of these days whose time is over and whose remainder is not refunded."""
    return list(connection.execute(_due(tuple(days)), {"most": most}).scalars())


def vouchers_between(
    connection: sa.Connection, days: Sequence[OrderTables], since_us: int, until_us: int
) -> list[tuple[Voucher, int]]:
    """Every voucher these days' tables got between two moments, each with its packet's sender."""
    rows = connection.execute(_made(tuple(days)), {"since_us": since_us, "until_us": until_us})
    return [(Voucher(*row[:-1]), int(row[-1])) for row in rows]


def insert_vouchers(connection: sa.Connection, store: Store, made: Sequence[Voucher], at: PacketId) -> None:
    """All in one statement (W11)."""
    rows = [
        (
            v.packet,
            v.sequence,
            REFUND if v.sequence <= REFUND_SEQUENCE else OPEN,
            v.person,
            v.amount_fen,
            v.remaining_fen,
            v.made_us,
            v.client_key,
        )
        for v in made
    ]
    store.insert_many(connection, tables_of(at).vouchers, VOUCHER_COLUMNS, rows)


# Statements are built once a table: building one costs more than sending it.


@cache
def _read(packets: sa.Table) -> sa.Select[Any]:
    return sa.select(packets).where(packets.c.packet == sa.bindparam("id"))


@cache
def _due(days: tuple[OrderTables, ...]) -> sa.CompoundSelect[Any]:
    return sa.union_all(
        *(
            sa.select(packets.c.packet).where(packets.c.state == "paid", packets.c.expires_us <= DatabaseClock())
            for packets, _ in days
        )
    ).limit(sa.bindparam("most"))


@cache
def _made(days: tuple[OrderTables, ...]) -> sa.CompoundSelect[Any]:
    return sa.union_all(
        *(
            _select(tables)
            .add_columns(tables.packets.c.sender)
            .join(tables.packets, tables.packets.c.packet == tables.vouchers.c.packet)
            .where(tables.vouchers.c.made_us >= sa.bindparam("since_us"))
            .where(tables.vouchers.c.made_us < sa.bindparam("until_us"))
            for tables in days
        )
    )


@cache
def _lock(packets: sa.Table) -> sa.Select[Any]:
    return sa.select(packets, DatabaseClock()).where(packets.c.packet == sa.bindparam("id")).with_for_update()


@cache
def _update(packets: sa.Table) -> sa.Update:
    return (
        sa.update(packets)
        .where(packets.c.packet == sa.bindparam("id"), packets.c.state == sa.bindparam("state_before"))
        .where(packets.c.remaining_shares == sa.bindparam("shares_before"))
        .values({name: sa.bindparam(name) for name in ("state", "remaining_fen", "remaining_shares")})
    )


@cache
def _opens(tables: OrderTables, chosen: bool) -> sa.Select[Any]:
    c = tables.vouchers.c
    query = _select(tables).where(c.packet == sa.bindparam("id"), c.kind == OPEN)
    if not chosen:
        return query.order_by(c.sequence)
    # no order asked for: MariaDB would read the packet's every voucher by sequence instead of these people's by name
    return query.where(c.person.in_(sa.bindparam("persons", expanding=True)))


def _select(tables: OrderTables) -> sa.Select[Any]:
    c = tables.vouchers.c
    return sa.select(c.packet, c.sequence, c.person, c.amount_fen, c.remaining_fen, c.made_us, c.client_key)
