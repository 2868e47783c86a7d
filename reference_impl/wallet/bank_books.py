"""The bank stand-in's own books: a number is paid or refused once, and stays so, however often it is asked about.

bank_0   statement
"""

from functools import cache
from typing import Any, Final

import sqlalchemy as sa

from reference_impl.stores.layout import side
from reference_impl.stores.sql import Store, insert_into
from reference_impl.stores.tables import create_tables, create_view
from reference_impl.wallet.bank import Outcome

PAID: Final = "paid"
REFUSED: Final = "refused"


class Books:
    """What the bank remembers; a `Bank` in the process, and what the stand-in serves over HTTP."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def send(self, withdrawal: str, act: int, amount_fen: int, tagged: bool) -> Outcome:
        """Pay a number that is new; the answer that stands for one that is not."""
        return self._decide(withdrawal, act, amount_fen, PAID, tagged)

    def ask(self, withdrawal: str, tagged: bool) -> Outcome:
        """What became of a number; a new one is refused from now on."""
        return self._decide(withdrawal, 0, 0, REFUSED, tagged)

    def refuse(self, withdrawal: str, act: int, tagged: bool) -> Outcome:
        """Refuse a number that is new, as banks do for reasons of their own."""
        return self._decide(withdrawal, act, 0, REFUSED, tagged)

    def _decide(self, withdrawal: str, act: int, amount_fen: int, outcome: str, tagged: bool) -> Outcome:
        table = statement_table(tagged)
        row = {"withdrawal": withdrawal, "act": act, "amount_fen": amount_fen, "outcome": outcome}
        try:
            self._store.write(lambda connection: connection.execute(insert_into(table), row))
        except sa.exc.IntegrityError:
            standing = self._store.read(lambda connection: connection.execute(_standing(table), row).scalar())
            return PAID if standing == PAID else REFUSED
        return PAID if outcome == PAID else REFUSED


@cache
def statement_table(tagged: bool) -> sa.Table:
    return sa.Table(
        f"{side(tagged)}statement",
        sa.MetaData(),
        sa.Column("withdrawal", sa.String(40), primary_key=True),
        sa.Column("act", sa.BigInteger, nullable=False),
        sa.Column("amount_fen", sa.BigInteger, nullable=False),
        sa.Column("outcome", sa.String(8), nullable=False),
        mysql_engine="InnoDB",
        mysql_charset="ascii",
        mysql_collate="ascii_bin",
    )


def create_bank_store(store: Store) -> None:
    """Make the tables that are not there yet."""
    tables = [(statement_table(tagged), tagged) for tagged in (False, True)]
    create_tables(store, (table for table, _ in tables))
    selects = (f"SELECT *, {tagged:d} AS tag FROM {table.name}" for table, tagged in tables)
    create_view(store, "all_statement", " UNION ALL ".join(selects))


@cache
def _standing(table: sa.Table) -> sa.Select[Any]:
    return sa.select(table.c.outcome).where(table.c.withdrawal == sa.bindparam("withdrawal"))
