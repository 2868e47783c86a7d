"""Which tables there are: orders by shard and day of month (W14), the ledger, each with a shadow side (rule 11).

    south_0   packets_0_01 … packets_0_31, vouchers_0_01 …, preorders_0_01 …, probes, and shadow_… of each
    ledger_0  accounts, entries, postings, client_keys, awards, and shadow_… of each

The views `all_…` gather them for evidence and reconciliation.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from functools import cache
from typing import Final, NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects import mysql

from reference_impl.domain.identifiers import REGION_DIGITS, PacketId
from reference_impl.stores.sql import Store
from reference_impl.stores.tables import create_tables, create_view

SHADOW: Final = "shadow_"

ID = sa.String(40)
KEY = sa.String(64)
ORDER = sa.String(96)
"""An award's order number."""
NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")


REGION_OF_ID: Final = (
    "CASE substr(packet, 1, 1) "
    + " ".join(f"WHEN '{digit}' THEN '{region}'" for region, digit in REGION_DIGITS.items())
    + " END"
)
"""In SQL, the region that a packet's id names (W01)."""
SHARD_OF_ID: Final = "CASE WHEN substr(packet, 12, 1) = '0' THEN substr(packet, 13, 1) ELSE substr(packet, 12, 2) END"
"""In SQL, the number of its shard (W14)."""


class OrderTables(NamedTuple):
    packets: sa.Table
    vouchers: sa.Table
    preorders: sa.Table
    """Orders that are not paid and that the cache could not hold (W16)."""


class LedgerTables(NamedTuple):
    accounts: sa.Table
    entries: sa.Table
    postings: sa.Table
    client_keys: sa.Table
    epochs: sa.Table
    awards: sa.Table
    """Awards whose money is in the account, written by the transaction that moved it."""


def side(tagged: bool) -> str:
    """The prefix of table names and keys."""
    return SHADOW if tagged else ""


def tables_of(packet: PacketId) -> OrderTables:
    """Where a packet's rows stand."""
    return order_tables(packet.shard, packet.day.day, packet.tagged)


@cache
def order_tables(shard: int, day: int, tagged: bool) -> OrderTables:
    return packet_tables(side(tagged), f"_{shard}_{day:02d}")


def packet_tables(prefix: str, suffix: str) -> OrderTables:
    """The tables of packets, their vouchers and preorders, under names between these."""
    metadata = sa.MetaData()
    packets = sa.Table(
        f"{prefix}packets{suffix}",
        metadata,
        sa.Column("packet", ID, primary_key=True),
        sa.Column("sender", sa.BigInteger, nullable=False),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("total_fen", sa.BigInteger, nullable=False),
        sa.Column("shares", sa.Integer, nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("remaining_fen", sa.BigInteger, nullable=False),
        sa.Column("remaining_shares", sa.Integer, nullable=False),
        sa.Column("paid_us", sa.BigInteger, nullable=False),
        sa.Column("expires_us", sa.BigInteger, nullable=False),
        mysql_engine="InnoDB",
        mysql_charset="ascii",
    )
    sa.Index(f"{packets.name}_due", packets.c.state, packets.c.expires_us)
    vouchers = sa.Table(
        f"{prefix}vouchers{suffix}",
        metadata,
        sa.Column("packet", ID, primary_key=True),
        sa.Column("sequence", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("person", sa.BigInteger, nullable=False),
        sa.Column("amount_fen", sa.BigInteger, nullable=False),
        sa.Column("remaining_fen", sa.BigInteger, nullable=False),
        sa.Column("made_us", sa.BigInteger, nullable=False),
        sa.Column("client_key", KEY, nullable=False),
        sa.UniqueConstraint("packet", "kind", "person", name=f"{prefix}once{suffix}"),
        mysql_engine="InnoDB",
        mysql_charset="ascii",
    )
    sa.Index(f"{vouchers.name}_made", vouchers.c.made_us)
    preorders = sa.Table(
        f"{prefix}preorders{suffix}",
        metadata,
        sa.Column("packet", ID, primary_key=True),
        sa.Column("sender", sa.BigInteger, nullable=False),
        sa.Column("client_key", KEY, nullable=False),
        sa.Column("body", sa.Text().with_variant(mysql.TEXT(charset="utf8mb4"), "mysql"), nullable=False),
        sa.Column("made_us", sa.BigInteger, nullable=False),
        sa.Column("paying_us", sa.BigInteger, nullable=False),
        sa.UniqueConstraint("sender", "client_key", name=f"{prefix}key{suffix}"),
        mysql_engine="InnoDB",
        mysql_charset="ascii",
        mysql_collate="ascii_bin",
    )
    return OrderTables(packets, vouchers, preorders)


@cache
def ledger_tables(tagged: bool) -> LedgerTables:
    metadata = sa.MetaData()
    prefix = side(tagged)
    accounts = sa.Table(
        f"{prefix}accounts",
        metadata,
        sa.Column("account", sa.String(48), primary_key=True),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("person", sa.BigInteger),
        sa.Column("packet", ID),
        sa.Column("balance_fen", sa.BigInteger, nullable=False),
        mysql_engine="InnoDB",
        mysql_charset="ascii",
    )
    entries = sa.Table(
        f"{prefix}entries",
        metadata,
        sa.Column("entry", sa.String(96), primary_key=True),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("subject", ID),
        sa.Column("body", sa.Text().with_variant(mysql.TEXT(charset="utf8mb4"), "mysql")),
        sa.Column("posted_us", sa.BigInteger, nullable=False),
        mysql_engine="InnoDB",
        mysql_charset="ascii",
        mysql_collate="ascii_bin",
    )
    sa.Index(f"{prefix}entries_by_kind", entries.c.kind, entries.c.posted_us)
    postings = sa.Table(
        f"{prefix}postings",
        metadata,
        sa.Column("number", NUMBER, primary_key=True, autoincrement=True),
        sa.Column("entry", sa.String(96), nullable=False),
        sa.Column("account", sa.String(48), nullable=False),
        sa.Column("amount_fen", sa.BigInteger, nullable=False),
        mysql_engine="InnoDB",
        mysql_charset="ascii",
        mysql_collate="ascii_bin",
    )
    client_keys = sa.Table(
        f"{prefix}client_keys",
        metadata,
        sa.Column("sender", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("client_key", KEY, primary_key=True),
        sa.Column("packet", ID, nullable=False),
        mysql_engine="InnoDB",
        mysql_charset="ascii",
        mysql_collate="ascii_bin",
    )
    epochs = sa.Table(
        f"{prefix}epochs",
        metadata,
        sa.Column("epoch", NUMBER, primary_key=True, autoincrement=True),
        sa.Column("holder", sa.String(128), nullable=False),
        mysql_engine="InnoDB",
        mysql_charset="ascii",
    )
    awards = sa.Table(
        f"{prefix}awards",
        metadata,
        sa.Column("order_number", ORDER, primary_key=True),
        sa.Column("act", sa.BigInteger, nullable=False),
        sa.Column("scene", sa.String(16), nullable=False),
        sa.Column("rain", sa.String(16), nullable=False),
        sa.Column("award_type", sa.String(16), nullable=False),
        sa.Column("stage", sa.String(16), nullable=False),
        sa.Column("amount_fen", sa.BigInteger, nullable=False),
        sa.Column("slice", sa.BigInteger, nullable=False),
        sa.Column("opened_us", sa.BigInteger, nullable=False),
        sa.Column("credited_us", sa.BigInteger, nullable=False),
        mysql_engine="InnoDB",
        mysql_charset="ascii",
        mysql_collate="ascii_bin",
    )
    sa.Index(f"{prefix}awards_of", awards.c.act)
    sa.Index(f"{prefix}awards_by_slice", awards.c.slice)
    sa.Index(f"{prefix}awards_credited", awards.c.credited_us)
    return LedgerTables(accounts, entries, postings, client_keys, epochs, awards)


PROBES: Final = sa.Table(
    "probes",
    sa.MetaData(),
    sa.Column("process", sa.String(64), primary_key=True),
    sa.Column("probes", sa.BigInteger, nullable=False),
    mysql_engine="InnoDB",
    mysql_charset="utf8mb4",
)
"""How often each process tried whether an order database that had failed takes writes again (W04)."""


def create_order_store(store: Store, shard: int, days: Sequence[int]) -> None:
    """Make an order database's tables for `days` of month and its views, where they are not there yet."""
    pairs = [order_tables(shard, day, tagged) for tagged in (False, True) for day in days]
    create_tables(store, [PROBES, *(table for pair in pairs for table in pair)])
    waiting = [table.preorders for table in pairs]
    create_order_views(store, pairs, text_of(store, REGION_OF_ID, SHARD_OF_ID, between="_"), waiting)


def create_order_views(
    store: Store, pairs: Iterable[OrderTables], home: str, preorders: Iterable[sa.Table] = ()
) -> None:
    """Make the views that gather these tables. `home`: in SQL, the name of the store in which an id belongs."""
    pairs = list(pairs)
    packets = _sided(tables.packets for tables in pairs)
    vouchers = _sided(tables.vouchers for tables in pairs)
    voucher = text_of(store, "packet", "sequence", between="-")
    _view(store, "all_packets", (f"*, {home} AS home, {{tag}} AS tag", packets))
    _view(store, "all_vouchers", (f"*, {voucher} AS voucher, {home} AS home, {{tag}} AS tag", vouchers))
    sent, opened = [*packets, *_sided(preorders)], vouchers
    _view(store, "all_rows", (_row("packet", "sender"), sent), (_row("packet", "person"), opened))


def create_ledger_store(store: Store) -> None:
    """Make a ledger database's tables and views, where they are not there yet."""
    sides = [(ledger_tables(tagged), tagged) for tagged in (False, True)]
    create_tables(store, [table for tables, _ in sides for table in tables])
    _view(store, "all_accounts", ("*, {tag} AS tag", [(tables.accounts, tagged) for tables, tagged in sides]))
    _view(store, "all_awards", ("*, {tag} AS tag", [(tables.awards, tagged) for tables, tagged in sides]))
    entry = "p.number, p.entry, e.kind, e.subject, p.account, a.kind AS account_kind, p.amount_fen, e.posted_us"
    joined = "JOIN {prefix}entries e ON e.entry = p.entry LEFT JOIN {prefix}accounts a ON a.account = p.account"
    create_view(
        store,
        "all_postings",
        " UNION ALL ".join(
            f"SELECT {entry}, {tagged:d} AS tag FROM {side(tagged)}postings p {joined.format(prefix=side(tagged))}"
            for _, tagged in sides
        ),
    )
    _view(
        store,
        "all_rows",
        (_row("packet", "person"), [(tables.accounts, tagged) for tables, tagged in sides]),
        (_row("subject", "NULL"), [(tables.entries, tagged) for tables, tagged in sides]),
        (_row("packet", "sender"), [(tables.client_keys, tagged) for tables, tagged in sides]),
        (_award_row(), [(tables.awards, tagged) for tables, tagged in sides]),
    )


def hot_days(today: date, count: int) -> list[int]:
    """The days of month whose tables are in use, newest first."""
    return [date.fromordinal(today.toordinal() - back).day for back in range(-1, count)]


def _sided(tables: Iterable[sa.Table]) -> list[tuple[sa.Table, bool]]:
    return [(table, table.name.startswith(SHADOW)) for table in tables]


def text_of(store: Store, *columns: str, between: str) -> str:
    """In SQL, texts with something between; NULL where one of them is."""
    parts = [columns[0], *(part for column in columns[1:] for part in (f"'{between}'", column))]
    return " || ".join(parts) if store.sqlite else f"concat({', '.join(parts)})"


def _row(subject: str, person: str) -> str:
    """The columns of a row of `shadow_rows`: its id says itself whether it is tagged."""
    says = f"substr({subject}, 2, 1) = '1'"
    return f"'{{table}}' AS place, {{tag}} AS shadow, {subject} AS subject, {person} AS person, {says} AS tag"


def _award_row() -> str:
    """An order number begins with the act_id, whose first digit is its tag."""
    says = "substr(order_number, 1, 1) = '2'"
    return f"'{{table}}' AS place, {{tag}} AS shadow, order_number AS subject, act AS person, {says} AS tag"


def _view(store: Store, name: str, *parts: tuple[str, list[tuple[sa.Table, bool]]]) -> None:
    selects = [
        f"SELECT {columns.format(table=table.name, tag=int(tagged))} FROM {table.name}"
        for columns, tables in parts
        for table, tagged in tables
    ]
    create_view(store, name, " UNION ALL ".join(selects))
