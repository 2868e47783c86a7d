"""Withdrawals in the ledger: the money is in transit until the bank has answered definitely (B23)."""

from typing import Final

import sqlalchemy as sa

from reference_impl.domain.errors import Refused
from reference_impl.ledger import books
from reference_impl.ledger.ledger import Ledger
from reference_impl.ledger.merges import Home, arrive, at_home
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
    """Take the money out of the account, or of that into which it is merged, once.

    Raises Refused: insufficient_funds, void.
    """
    key = withdraw_key(withdrawal)

    def work(connection: sa.Connection, store: Store, tables: LedgerTables, home: Home) -> None:
        if home.standing == VOID:
            raise Refused("void", withdrawal)
        if home.standing is None:
            entry = _entry(key, "withdraw", books.user(home.act), transit(withdrawal), amount_fen)
            books.post(connection, store, tables, [entry], store.now_us(connection))

    try:
        at_home(ledger, act, key, tagged, work)
    except books.Overdrawn:
        raise Refused("insufficient_funds") from None


def call_off(ledger: Ledger, act: int, withdrawal: str, tagged: bool) -> bool:
    """See to it that no money is ever set aside for a withdrawal; False where it is already."""
    key = withdraw_key(withdrawal)

    def work(connection: sa.Connection, store: Store, tables: LedgerTables, home: Home) -> bool:
        if home.standing is None:
            books.post(connection, store, tables, [books.Entry(key, VOID, None, (), VOID)], store.now_us(connection))
        return home.standing in (None, VOID)

    return at_home(ledger, act, key, tagged, work)


def withdraw_key(withdrawal: str) -> str:
    return f"withdraw:{withdrawal}"


def settle(ledger: Ledger, act: int, withdrawal: str, amount_fen: int, paid: bool, tagged: bool) -> None:
    """Move what is in transit to the bank, or back to the person; one of both, once.

    Both go by the same key, so that whoever comes second changes nothing. Where the account is merged by then, the
    money goes back by way of clearing, and the entry's body says whose account it goes on to.
    """
    key = f"settle:{withdrawal}"

    def work(connection: sa.Connection, store: Store, tables: LedgerTables, home: Home) -> str:
        standing = books.standing_entries(connection, tables, [key])
        if key not in standing:
            entry = _settling(key, withdrawal, amount_fen, paid, home)
            books.post(connection, store, tables, [entry], store.now_us(connection))
            return entry.body
        return standing[key]

    goes_on = at_home(ledger, act, withdraw_key(withdrawal), tagged, work)
    if goes_on:
        arrive(ledger, int(goes_on), f"back:{withdrawal}", "back", None, amount_fen, tagged)


def _settling(key: str, withdrawal: str, amount_fen: int, paid: bool, home: Home) -> books.Entry:
    if paid:
        return _entry(key, "settle", transit(withdrawal), BANK, amount_fen)
    if home.moved is None:
        return _entry(key, "back", transit(withdrawal), books.user(home.act), amount_fen)
    return _entry(key, "back", transit(withdrawal), books.CLEARING, amount_fen, str(home.moved.into))


def _entry(
    key: str, kind: str, source: books.Account, target: books.Account, amount_fen: int, body: str = ""
) -> books.Entry:
    return books.transfer(key, kind, None, source, target, amount_fen, body)
