"""The wallet's databases: asset orders, withdrawals, coupons and plays by act_id; budgets, who people are and what is
shared among many in the first.

    wallet_0   orders, withdrawals, coupons, plays, budgets, slices, identities, phones, acts, pins, pools,
               collectors, and shadow_… of each
    wallet_1   orders, withdrawals, coupons, plays, …

What is credited stands in the ledger's own databases, as `awards` beside the accounts (layout.py).
"""

from functools import cache
from typing import Any, NamedTuple

import sqlalchemy as sa

from reference_impl.stores.layout import KEY, NUMBER, ORDER, side
from reference_impl.stores.sql import Store
from reference_impl.stores.tables import create_tables, create_view

NAME = sa.String(16)


class WalletTables(NamedTuple):
    orders: sa.Table
    """Awards that were accepted by an order row, before they are credited (B04)."""
    withdrawals: sa.Table
    budgets: sa.Table
    """What a scene may give in a stage, and how much of it is promised to slices (B14, Money rule 10)."""
    slices: sa.Table
    """Parts of a budget that a process holds, each until a moment."""
    coupons: sa.Table
    """Coupons, pendants and blessings that were given, each with the unit of stock that it took: the truth of stock,
    for no unit can be given twice (B12)."""
    identities: sa.Table
    """Which act_id a user of an account system has (B01)."""
    phones: sa.Table
    """Which act_id a phone number has: the first that brought it (B01)."""
    acts: sa.Table
    """Which act_ids are aliases, of whom, and whether the money has moved (B01, Money rule 9)."""
    pins: sa.Table
    """In which stage an act_id takes part in an occurrence (B22)."""
    plays: sa.Table
    """The games' own record: what was decided for whom, before it is awarded (B02)."""
    pools: sa.Table
    """What is split among those who collected every card, whether that is decided, and the koi; 0: not drawn (B02)."""
    collectors: sa.Table
    """Who collected every card of a pool, until it is closed (B02)."""


@cache
def wallet_tables(tagged: bool) -> WalletTables:
    metadata, prefix = sa.MetaData(), side(tagged)
    money: dict[str, Any] = {"mysql_engine": "InnoDB", "mysql_charset": "ascii", "mysql_collate": "ascii_bin"}
    orders = sa.Table(
        f"{prefix}orders",
        metadata,
        sa.Column("order_number", ORDER, primary_key=True),
        sa.Column("act", sa.BigInteger, nullable=False),
        sa.Column("scene", NAME, nullable=False),
        sa.Column("rain", NAME, nullable=False),
        sa.Column("award_type", NAME, nullable=False),
        sa.Column("stage", NAME, nullable=False),
        sa.Column("amount_fen", sa.BigInteger, nullable=False),
        sa.Column("slice", sa.BigInteger, nullable=False),
        sa.Column("app", sa.Integer, nullable=False),
        sa.Column("opened_us", sa.BigInteger, nullable=False),
        sa.Column("state", NAME, nullable=False),
        **money,
    )
    sa.Index(f"{prefix}orders_of", orders.c.act)
    sa.Index(f"{prefix}orders_waiting", orders.c.state, orders.c.opened_us)
    withdrawals = sa.Table(
        f"{prefix}withdrawals",
        metadata,
        sa.Column("withdrawal", sa.String(40), primary_key=True),
        sa.Column("act", sa.BigInteger, nullable=False),
        sa.Column("client_key", KEY, nullable=False),
        sa.Column("amount_fen", sa.BigInteger, nullable=False),
        sa.Column("app", sa.Integer, nullable=False),
        sa.Column("state", NAME, nullable=False),
        sa.Column("asked_us", sa.BigInteger, nullable=False),
        sa.UniqueConstraint("act", "client_key", name=f"{prefix}asked_once"),
        **money,
    )
    sa.Index(f"{prefix}withdrawals_open", withdrawals.c.state, withdrawals.c.asked_us)
    budgets = sa.Table(
        f"{prefix}budgets",
        metadata,
        sa.Column("scene", NAME, primary_key=True),
        sa.Column("stage", NAME, primary_key=True),
        sa.Column("total_fen", sa.BigInteger, nullable=False),
        sa.Column("cap_fen", sa.BigInteger, nullable=False),
        sa.Column("promised_fen", sa.BigInteger, nullable=False),
        **money,
    )
    slices = sa.Table(
        f"{prefix}slices",
        metadata,
        sa.Column("slice", NUMBER, primary_key=True, autoincrement=True),
        sa.Column("scene", NAME, nullable=False),
        sa.Column("stage", NAME, nullable=False),
        sa.Column("holder", sa.String(128), nullable=False),
        sa.Column("granted_fen", sa.BigInteger, nullable=False),
        sa.Column("state", NAME, nullable=False),
        sa.Column("until_us", sa.BigInteger, nullable=False),
        **money,
    )
    coupons = sa.Table(
        f"{prefix}coupons",
        metadata,
        sa.Column("coupon", ORDER, primary_key=True),
        sa.Column("act", sa.BigInteger, nullable=False),
        sa.Column("scene", NAME, nullable=False),
        sa.Column("stage", NAME, nullable=False),
        sa.Column("template", NAME),
        sa.Column("part", sa.Integer),
        sa.Column("unit", sa.BigInteger),
        sa.Column("stock", sa.BigInteger),
        sa.Column("award_type", NAME, nullable=False),
        sa.Column("app", sa.Integer, nullable=False),
        sa.Column("given_us", sa.BigInteger, nullable=False),
        sa.Column("used", sa.Integer, nullable=False),
        sa.Column("used_key", KEY),
        sa.Column("used_app", sa.Integer),
        sa.Column("used_us", sa.BigInteger),
        sa.UniqueConstraint("template", "stage", "part", "unit", name=f"{prefix}unit_once"),
        **money,
    )
    sa.Index(f"{prefix}coupons_of", coupons.c.act)
    identities = sa.Table(
        f"{prefix}identities",
        metadata,
        sa.Column("number", NUMBER, primary_key=True, autoincrement=True),
        sa.Column("system", NAME, nullable=False),
        sa.Column("uid", sa.String(40), nullable=False),
        sa.Column("act", sa.BigInteger, nullable=False),
        sa.UniqueConstraint("system", "uid", name=f"{prefix}one_identity"),
        **money,
    )
    phones = sa.Table(
        f"{prefix}phones",
        metadata,
        sa.Column("phone", NAME, primary_key=True),
        sa.Column("act", sa.BigInteger, nullable=False),
        **money,
    )
    acts = sa.Table(
        f"{prefix}acts",
        metadata,
        sa.Column("act", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("into_act", sa.BigInteger, nullable=False),
        sa.Column("state", NAME, nullable=False),
        **money,
    )
    sa.Index(f"{prefix}aliases_of", acts.c.into_act)
    sa.Index(f"{prefix}merging", acts.c.state)
    pins = sa.Table(
        f"{prefix}pins",
        metadata,
        sa.Column("act", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("rain", NAME, primary_key=True),
        sa.Column("stage", NAME, nullable=False),
        **money,
    )
    plays = sa.Table(
        f"{prefix}plays",
        metadata,
        sa.Column("act", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("game", NAME, primary_key=True),
        sa.Column("occurrence", NAME, primary_key=True),
        sa.Column("stage", NAME, nullable=False),
        sa.Column("scene", NAME, nullable=False),
        sa.Column("rain", NAME, nullable=False),
        sa.Column("amount_fen", sa.BigInteger, nullable=False),
        sa.Column("note", NAME, nullable=False),
        sa.Column("order_number", ORDER, nullable=False),
        sa.Column("app", sa.Integer, nullable=False),
        sa.Column("played_us", sa.BigInteger, nullable=False),
        sa.Column("state", NAME, nullable=False),
        **money,
    )
    sa.Index(f"{prefix}plays_open", plays.c.state, plays.c.played_us)
    sa.Index(f"{prefix}plays_played", plays.c.played_us)
    sa.Index(f"{prefix}plays_ordered", plays.c.order_number)
    pools = sa.Table(
        f"{prefix}pools",
        metadata,
        sa.Column("pool", NAME, primary_key=True),
        sa.Column("stage", NAME, primary_key=True),
        sa.Column("state", NAME, nullable=False),
        sa.Column("pool_fen", sa.BigInteger, nullable=False),
        sa.Column("winners", sa.BigInteger, nullable=False),
        sa.Column("koi", sa.BigInteger, nullable=False),
        **money,
    )
    collectors = sa.Table(
        f"{prefix}collectors",
        metadata,
        sa.Column("pool", NAME, primary_key=True),
        sa.Column("stage", NAME, primary_key=True),
        sa.Column("act", sa.BigInteger, primary_key=True, autoincrement=False),
        **money,
    )
    apart = (identities, phones, acts, pins, plays, pools, collectors)
    return WalletTables(orders, withdrawals, budgets, slices, coupons, *apart)


def create_wallet_store(store: Store) -> None:
    """Make the tables that are not there yet, and the views that gather both sides."""
    sides = [(wallet_tables(tagged), tagged) for tagged in (False, True)]
    create_tables(store, (table for tables, _ in sides for table in tables))
    for number, name in enumerate(WalletTables._fields):
        selects = (f"SELECT *, {tagged:d} AS tag FROM {tables[number].name}" for tables, tagged in sides)
        create_view(store, f"all_{name}", " UNION ALL ".join(selects))
