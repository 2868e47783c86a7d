"""The operators' database: what they set, and what processes saw.

ops_0   changes, samples
"""

from typing import Final, NamedTuple

import sqlalchemy as sa

from reference_impl.stores.layout import ID, NUMBER
from reference_impl.stores.sql import Store
from reference_impl.stores.tables import create_tables


class OpsTables(NamedTuple):
    changes: sa.Table
    """What operators set, each once (B17)."""
    samples: sa.Table
    """How many opens of a packet a process had in the database at once (W11)."""


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
    return OpsTables(changes, samples)


OPS: Final = _ops_tables()


def create_ops_store(store: Store) -> None:
    """Make the tables that are not there yet."""
    create_tables(store, OPS)
