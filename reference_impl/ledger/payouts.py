"""Withdrawals in the ledger: the money is in transit until the bank has answered definitely (B23)."""

from collections.abc import Callable
from typing import Final

import sqlalchemy as sa

from reference_impl.domain.errors import Refused
from reference_impl.ledger import books
from reference_impl.ledger.ledger import Ledger
from reference_impl.stores.layout import LedgerTables
from reference_impl.stores.sql import Store

VOID: Final = "void"
"""The body of an entry that moves nothing and keeps another from being posted."""
BANK: Final = books.Account("bank", "bank")
"""What was paid out."""


def transit(withdrawal: str) -> books.Account:
    """Where a withdrawal's money stands while the bank has not answered."""
    return books.Account(f"transit:{withdrawal}", "transit")


def set_aside(ledger: Ledger, act: int, withdrawal: str, amount_fen: int, tagged: bool) -> None:
    """Take the money out of the account, once. Raises Refused: insufficient_funds, void."""
    key = withdraw_key(withdrawal)
    entry = _entry(key, "withdraw", books.user(act), transit(withdrawal), amount_fen)

    def work(connection: sa.Connection, store: Store, tables: LedgerTables) -> None:
        standing = books.standing_entries(connection, tables, [key])
        if standing.get(key) == VOID:
            raise Refused("void", withdrawal)
        if not standing:
            books.post(connection, store, tables, [entry], store.now_us(connection))

    try:
        ledger.write_in(ledger.shard(act), tagged, work)
    except books.Overdrawn:
        raise Refused("insufficient_funds") from None


def call_off(ledger: Ledger, act: int, withdrawal: str, tagged: bool) -> bool:
    """See to it that no money is ever set aside for a withdrawal; False where it is already."""
    key = withdraw_key(withdrawal)

    def work(connection: sa.Connection, store: Store, tables: LedgerTables) -> bool:
        standing = books.standing_entries(connection, tables, [key])
        if not standing:
            books.post(connection, store, tables, [books.Entry(key, VOID, None, (), VOID)], store.now_us(connection))
        return standing.get(key, VOID) == VOID

    return ledger.write_in(ledger.shard(act), tagged, work)


def withdraw_key(withdrawal: str) -> str:
    return f"withdraw:{withdrawal}"


def settle(ledger: Ledger, act: int, withdrawal: str, amount_fen: int, paid: bool, tagged: bool) -> None:
    """Move what is in transit to the bank, or back to the person; one of both, once.

    Both go by the same key, so that whoever comes second changes nothing.
    """
    target, kind = (BANK, "settle") if paid else (books.user(act), "back")
    entry = _entry(f"settle:{withdrawal}", kind, transit(withdrawal), target, amount_fen)
    ledger.write_in(ledger.shard(act), tagged, _once(entry))


def _entry(key: str, kind: str, source: books.Account, target: books.Account, amount_fen: int) -> books.Entry:
    return books.transfer(key, kind, None, source, target, amount_fen)


def _once(entry: books.Entry) -> Callable[[sa.Connection, Store, LedgerTables], None]:
    def work(connection: sa.Connection, store: Store, tables: LedgerTables) -> None:
        if not books.standing_entries(connection, tables, [entry.key]):
            books.post(connection, store, tables, [entry], store.now_us(connection))

    return work
