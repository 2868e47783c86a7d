"""The operators' database: what they set, and what processes saw.

ops_0   changes, samples, activities
"""

from collections.abc import Sequence
from functools import cache
from typing import Final, NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects import mysql, sqlite

from reference_impl.stores.layout import ID, NUMBER
from reference_impl.stores.sql import Store
from reference_impl.stores.tables import create_tables


class OpsTables(NamedTuple):
    changes: sa.Table
    """What operators set, each once (B17)."""
    samples: sa.Table
    """How many opens of a packet a process had in the database at once (W11)."""
    activities: sa.Table
    """Every version of the activity that was published: the config centre (B05, B10)."""


def _ops_tables() -> OpsTables:
    metadata = sa.MetaData()
    changes = sa.Table(
        "changes",
        metadata,
        sa.Column("number", NUMBER, primary_key=True, autoincrement=True),
        sa.Column("name", sa.String(32), nullable=False),
        sa.Column("value", sa.BigInteger, nullable=False),
        sa.Column("who", sa.String(64), nullable=False),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        mysql_engine="InnoDB",
        mysql_charset="utf8mb4",
    )
    samples = sa.Table(
        "samples",
        metadata,
        sa.Column("process", sa.String(64), primary_key=True),
        sa.Column("packet", ID, primary_key=True),
        sa.Column("inside", sa.Integer, nullable=False),
        sa.Column("cap", sa.Integer, nullable=False),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        mysql_engine="InnoDB",
        mysql_charset="ascii",
    )
    activities = sa.Table(
        "activities",
        metadata,
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("who", sa.String(64), nullable=False),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        mysql_engine="InnoDB",
        mysql_charset="utf8mb4",
    )
    return OpsTables(changes, samples, activities)


OPS: Final = _ops_tables()


class Sample(NamedTuple):
    """A row of `samples`: the most opens of a packet that a process had in the database at once, and its cap."""

    process: str
    packet: str
    inside: int
    cap: int
    at_us: int


def keep_most(store: Store, samples: Sequence[Sample]) -> None:
    """Write samples; of a process and a packet the one with most inside stays."""
    rows = [sample._asdict() for sample in samples]
    store.write(lambda connection: connection.execute(_keep_most(store.sqlite), rows))


@cache
def _keep_most(for_sqlite: bool) -> sa.Insert:
    """`inside` is set last: MariaDB assigns from left to right, and the others ask what stood there."""
    samples = OPS.samples
    if for_sqlite:
        insert = sqlite.insert(samples)
        more = insert.excluded.inside > samples.c.inside
        taken = {name: insert.excluded[name] for name in ("cap", "at_us", "inside")}
        return insert.on_conflict_do_update(index_elements=list(samples.primary_key), set_=taken, where=more)
    insert_or_keep = mysql.insert(samples)
    new = insert_or_keep.inserted
    more = new.inside > samples.c.inside
    return insert_or_keep.on_duplicate_key_update(
        [(name, sa.func.if_(more, new[name], samples.c[name])) for name in ("cap", "at_us", "inside")]
    )


def create_ops_store(store: Store) -> None:
    """Make the tables that are not there yet."""
    create_tables(store, OPS)
