"""Preorders in the order database, where the cache cannot hold them (W16): found by their key, paid, or swept."""

from functools import cache
from typing import Any

import msgspec
import sqlalchemy as sa

from reference_impl.domain.identifiers import PacketId, parse_packet_id
from reference_impl.domain.packet import Order
from reference_impl.stores.layout import OrderTables, tables_of
from reference_impl.stores.sql import DatabaseClock, Store, insert_into
from reference_impl.system import System

SWEPT_AT_ONCE = 100


def insert(system: System, order: Order, at: PacketId) -> Order:
    """Make the preorder's row; the order that stands for the sender's key. Raises Refused("unavailable")."""
    store, preorders = system.orders[at.region, at.shard], tables_of(at).preorders

    def work(connection: sa.Connection) -> None:
        row = {
            "packet": order.packet,
            "sender": order.sender,
            "client_key": order.client_key,
            "body": msgspec.json.encode(order).decode(),
            "made_us": store.now_us(connection),
            "paying_us": 0,
        }
        connection.execute(insert_into(preorders), row)

    try:
        system.breakers.call(store.name, lambda: store.write(work))
    except sa.exc.IntegrityError:
        mine = {"sender": order.sender, "client_key": order.client_key}
        body = store.read(lambda connection: connection.execute(_by_key(preorders), mine).scalar())
        if body is None:
            raise
        return msgspec.json.decode(body, type=Order)
    return order


def read(system: System, at: PacketId) -> Order | None:
    """The order of an unpaid packet."""
    store, query = system.order_store(at), _body(tables_of(at).preorders)
    if store is None:
        return None
    body = store.read(lambda connection: connection.execute(query, {"id": str(at)}).scalar())
    return msgspec.json.decode(body, type=Order) if body else None


def claim(system: System, at: PacketId) -> Order | None:
    """The order of an unpaid packet, which the sweeper leaves alone for as long again: its payment begins."""
    store, preorders = system.order_store(at), tables_of(at).preorders
    if store is None:
        return None

    def work(connection: sa.Connection) -> Any:
        connection.execute(_claimed(preorders), {"id": str(at)})
        return connection.execute(_body(preorders), {"id": str(at)}).scalar()

    body = system.breakers.call(store.name, lambda: store.write(work))
    return msgspec.json.decode(body, type=Order) if body else None


def remove(connection: sa.Connection, at: PacketId) -> None:
    """Its packet stands: in the transaction that makes that (W05)."""
    connection.execute(_removed(tables_of(at).preorders), {"id": str(at)})


def sweep(system: System) -> int:
    """Remove what nobody paid in time, by the database's clock, and what nobody is paying; how many were."""
    lasts_us = system.settings.preorder_s * 1_000_000
    return sum(
        _sweep_one(store, parse_packet_id(packet), lasts_us)
        for store, tables in system.hot_tables()
        for packet in stale(store, tables, lasts_us)
    )


def stale(store: Store, tables: tuple[OrderTables, ...], lasts_us: int) -> list[str]:
    """Some preorders in these tables that are older than they may be."""
    asked = {"lasts_us": lasts_us, "most": SWEPT_AT_ONCE}
    return list(store.read(lambda connection: connection.execute(_stale(tables), asked).scalars()))


def _sweep_one(store: Store, at: PacketId, lasts_us: int) -> int:
    """Looks again as it deletes: a payment may have begun since."""
    asked = {"id": str(at), "lasts_us": lasts_us}
    query = _swept(tables_of(at).preorders)
    return store.write(lambda connection: connection.execute(query, asked).rowcount)


# Statements are built once a table: building one costs more than sending it.


@cache
def _body(preorders: sa.Table) -> sa.Select[Any]:
    return sa.select(preorders.c.body).where(preorders.c.packet == sa.bindparam("id"))


@cache
def _by_key(preorders: sa.Table) -> sa.Select[Any]:
    return sa.select(preorders.c.body).where(
        preorders.c.sender == sa.bindparam("sender"), preorders.c.client_key == sa.bindparam("client_key")
    )


@cache
def _claimed(preorders: sa.Table) -> sa.Update:
    return sa.update(preorders).where(preorders.c.packet == sa.bindparam("id")).values(paying_us=DatabaseClock())


@cache
def _removed(preorders: sa.Table) -> sa.Delete:
    return sa.delete(preorders).where(preorders.c.packet == sa.bindparam("id"))


@cache
def _stale(tables: tuple[OrderTables, ...]) -> sa.CompoundSelect[Any]:
    unpaid = (each.preorders for each in tables)
    return sa.union_all(*(sa.select(one.c.packet).where(_is_stale(one)) for one in unpaid)).limit(sa.bindparam("most"))


@cache
def _swept(preorders: sa.Table) -> sa.Delete:
    return _removed(preorders).where(_is_stale(preorders))


def _is_stale(preorders: sa.Table) -> sa.ColumnElement[bool]:
    before_us = DatabaseClock() - sa.bindparam("lasts_us", type_=sa.BigInteger)
    return sa.and_(preorders.c.made_us < before_us, preorders.c.paying_us < before_us)
