"""A packet's rows in its order database."""

from collections.abc import Collection, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from reference_impl.domain.identifiers import PacketId
from reference_impl.domain.packet import REFUND_SEQUENCE, Packet, Voucher
from reference_impl.stores.layout import OrderTables, tables_of
from reference_impl.stores.sql import Store

OPEN = "open"
REFUND = "refund"
VOUCHER_COLUMNS = (
    "packet", "sequence", "kind", "person", "amount_fen", "remaining_fen", "made_us", "client_key",
)  # fmt: skip


def read_packet(connection: sa.Connection, packet: PacketId) -> Packet | None:
    """The packet's row as it stands."""
    packets = tables_of(packet).packets
    row = connection.execute(sa.select(packets).where(packets.c.packet == str(packet))).first()
    return Packet(*row) if row else None


def lock_packet(connection: sa.Connection, store: Store, packet: PacketId) -> tuple[Packet, int] | None:
    """The packet's row, locked until the transaction ends, and the database's clock (Money rules 4 and 5)."""
    packets = tables_of(packet).packets
    query = sa.select(packets, store.clock()).where(packets.c.packet == str(packet)).with_for_update()
    row = connection.execute(query).first()
    return (Packet(*row[:-1]), int(row[-1])) if row else None


def insert_packet(connection: sa.Connection, packet: Packet, at: PacketId) -> None:
    """Raises IntegrityError where the id stands already: a duplicate is never an upsert (Money rule 3)."""
    connection.execute(sa.insert(tables_of(at).packets).values(msgspec.structs.asdict(packet)))


def update_packet(connection: sa.Connection, before: Packet, after: Packet, at: PacketId) -> None:
    """Write what changed; raises RuntimeError if the row was not as `before` says, though it is locked."""
    packets = tables_of(at).packets
    changed = connection.execute(
        sa.update(packets)
        .where(packets.c.packet == before.packet, packets.c.remaining_shares == before.remaining_shares)
        .where(packets.c.state == before.state)
        .values(state=after.state, remaining_fen=after.remaining_fen, remaining_shares=after.remaining_shares)
    )
    if changed.rowcount != 1:
        raise RuntimeError(f"packet {before.packet} changed under its lock")


def opens_of(connection: sa.Connection, packet: PacketId, persons: Collection[int] | None = None) -> list[Voucher]:
    """The vouchers of a packet's opens, of some people or of all, in the order they were made."""
    vouchers = tables_of(packet).vouchers
    query = _select(tables_of(packet)).where(vouchers.c.packet == str(packet), vouchers.c.kind == OPEN)
    if persons is not None:
        query = query.where(vouchers.c.person.in_(list(persons)))
    return [Voucher(*row) for row in connection.execute(query.order_by(vouchers.c.sequence))]


def vouchers_between(
    connection: sa.Connection, tables: OrderTables, since_us: int, until_us: int
) -> list[tuple[Voucher, int]]:
    """Every voucher one table got between two moments, each with its packet's sender."""
    packets, vouchers = tables
    query = (
        _select(tables)
        .add_columns(packets.c.sender)
        .join(packets, packets.c.packet == vouchers.c.packet)
        .where(vouchers.c.made_us >= since_us, vouchers.c.made_us < until_us)
    )
    return [(Voucher(*row[:-1]), int(row[-1])) for row in connection.execute(query)]


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


def _select(tables: OrderTables) -> sa.Select[Any]:
    c = tables.vouchers.c
    return sa.select(c.packet, c.sequence, c.person, c.amount_fen, c.remaining_fen, c.made_us, c.client_key)
