"""The cold store of a region: packets of days that are over, of all its shards, in tables without days (W14).

cold_south   packets, vouchers, moves, and shadow_... of each

They have the columns of the day tables. A packet in `moves` is on its way: it may still stand in its day's table, too.
"""

from functools import cache
from typing import NamedTuple

import sqlalchemy as sa

from reference_impl.stores.layout import (
    ID,
    REGION_OF_ID,
    OrderTables,
    create_order_views,
    packet_tables,
    side,
    text_of,
)
from reference_impl.stores.sql import Store
from reference_impl.stores.tables import create_tables


class ColdTables(NamedTuple):
    orders: OrderTables
    moves: sa.Table


@cache
def cold_tables(tagged: bool) -> ColdTables:
    moves = sa.Table(
        f"{side(tagged)}moves",
        sa.MetaData(),
        sa.Column("packet", ID, primary_key=True),
        sa.Column("begun_us", sa.BigInteger, nullable=False),
        mysql_engine="InnoDB",
        mysql_charset="ascii",
    )
    return ColdTables(packet_tables(side(tagged), ""), moves)


def create_cold_store(store: Store) -> None:
    """Make a cold store's tables and views, where they are not there yet."""
    sides = [cold_tables(tagged) for tagged in (False, True)]
    create_tables(
        store, [table for tables in sides for table in (tables.orders.packets, tables.orders.vouchers, tables.moves)]
    )
    create_order_views(store, [tables.orders for tables in sides], text_of(store, "'cold'", REGION_OF_ID, between="_"))
