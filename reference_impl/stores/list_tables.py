"""The user lists' database: what each person sent and received (W02). It stands south, and no money hangs on it.

lists_0   lists, and shadow_lists
"""

from functools import cache

import sqlalchemy as sa

from reference_impl.stores.layout import ID, side
from reference_impl.stores.sql import Store
from reference_impl.stores.tables import create_tables, create_view


@cache
def list_table(tagged: bool) -> sa.Table:
    """A line for each packet in a person's box: `sent` with its total, `received` with what they took."""
    table = sa.Table(
        f"{side(tagged)}lists",
        sa.MetaData(),
        sa.Column("person", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("box", sa.String(8), primary_key=True),
        sa.Column("packet", ID, primary_key=True),
        sa.Column("amount_fen", sa.BigInteger, nullable=False),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        mysql_engine="InnoDB",
        mysql_charset="ascii",
    )
    sa.Index(f"{table.name}_newest", table.c.person, table.c.box, table.c.at_us)
    return table


def create_list_store(store: Store) -> None:
    """Make the tables that are not there yet, and the views that gather both sides."""
    sides = [(list_table(tagged), tagged) for tagged in (False, True)]
    create_tables(store, (table for table, _ in sides))
    selects = (f"SELECT *, {tagged:d} AS tag FROM {table.name}" for table, tagged in sides)
    create_view(store, "all_lists", " UNION ALL ".join(selects))
    rows = (
        f"SELECT '{table.name}' AS place, {tagged:d} AS shadow, packet AS subject, person,"
        f" substr(packet, 2, 1) = '1' AS tag FROM {table.name}"
        for table, tagged in sides
    )
    create_view(store, "all_rows", " UNION ALL ".join(rows))
