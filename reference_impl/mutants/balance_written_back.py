"""SQLite cannot show this: the program's own lock and BEGIN IMMEDIATE let one transaction in at a time, so that nobody
writes between the read and the write."""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from reference_impl.ledger import books
from reference_impl.mutants import Mutant
from reference_impl.mutants.isolation import repeatable_read
from reference_impl.stores.sql import Store

_add_to = Store.add_to


def _take(connection: Any, accounts: sa.Table, account: books.Account, amount_fen: int) -> None:
    balance_fen = _balance_fen(connection, accounts, account.name)
    if balance_fen is None or balance_fen < amount_fen:
        raise books.Overdrawn(account.name)
    _write_back(connection, accounts, account.name, balance_fen - amount_fen)


def _add(self: Store, connection: Any, accounts: sa.Table, rows: Sequence[Mapping[str, Any]], column: str) -> None:
    for row in rows:
        balance_fen = _balance_fen(connection, accounts, row["account"])
        if balance_fen is None:
            _add_to(self, connection, accounts, [row], column)
        else:
            _write_back(connection, accounts, row["account"], balance_fen + row[column])


def _balance_fen(connection: Any, accounts: sa.Table, name: str) -> int | None:
    balance = sa.select(accounts.c.balance_fen).where(accounts.c.account == name)
    found: int | None = connection.execute(balance).scalar()
    return found


def _write_back(connection: Any, accounts: sa.Table, name: str, balance_fen: int) -> None:
    connection.execute(accounts.update().where(accounts.c.account == name).values(balance_fen=balance_fen))


def _plant() -> None:
    repeatable_read()
    books._take = _take
    Store.add_to = _add


MUTANT = Mutant(
    name="balance_written_back",
    row="W05",
    caught_by="ledger_balances",
    summary="a balance is read, changed in the program and written back under REPEATABLE READ: updates are lost",
    seen_in="object mappers that load an account, set its balance and flush, and trust the transaction",
    plant=_plant,
    dies_in="innodb",
    world="pay_and_crash",
)
