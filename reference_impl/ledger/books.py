"""The double-entry core: an entry is posted once, its lines sum to zero, no user or escrow balance falls below zero."""

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any, Final, NamedTuple

import sqlalchemy as sa

from reference_impl.stores.layout import LedgerTables
from reference_impl.stores.sql import Store


class Account(NamedTuple):
    """An account's name and what it is; those of GUARDED cannot be overdrawn."""

    name: str
    kind: str
    person: int | None = None
    packet: str | None = None


class Line(NamedTuple):
    account: Account
    amount_fen: int


class Entry(NamedTuple):
    """One movement of money; `key` is unique in its shard, so that it is posted once (Money rule 6)."""

    key: str
    kind: str
    subject: str | None
    lines: tuple[Line, ...]
    body: str = ""


class Overdrawn(Exception):
    """An account has less than is asked of it; nothing was posted."""


WORLD: Final = Account("world", "world")
"""Where money enters; below zero by what was funded."""
CLEARING: Final = Account("clearing", "clearing")
"""What one ledger shard owes the others; over all shards it sums to zero when nothing is under way."""
GUARDED: Final = ("user", "escrow", "transit")


def user(person: int) -> Account:
    return Account(f"user:{person}", "user", person=person)


def escrow(packet: str) -> Account:
    """Where a packet's money stands between payment and credit."""
    return Account(f"escrow:{packet}", "escrow", packet=packet)


def transfer(
    key: str,
    kind: str,
    subject: str | None,
    source: Account,
    target: Account,
    amount_fen: int,
    body: str = "",
) -> Entry:
    """The entry that moves `amount_fen` from one account to another."""
    return Entry(key, kind, subject, (Line(source, -amount_fen), Line(target, amount_fen)), body)


def standing_entries(connection: sa.Connection, tables: LedgerTables, keys: Iterable[str]) -> dict[str, str]:
    """The bodies of those of `keys` that are posted."""
    wanted = list(keys)
    if len(wanted) == 1:
        rows = connection.execute(_standing_one(tables.entries), {"key": wanted[0]})
    else:
        rows = connection.execute(_standing(tables.entries), {"keys": wanted})
    return {row[0]: row[1] for row in rows}


def post(connection: sa.Connection, store: Store, tables: LedgerTables, new: Sequence[Entry], now_us: int) -> None:
    """Post entries that are not posted yet, within the caller's transaction.

    Raises Overdrawn, or IntegrityError where a key is posted already; either way the caller's transaction must end.
    Balances move before postings are written, so that numbers of one account rise in the order they took effect.
    """
    _move_balances(connection, store, tables, new)
    store.insert_many(
        connection,
        tables.entries,
        ("entry", "kind", "subject", "body", "posted_us"),
        [(e.key, e.kind, e.subject, e.body, now_us) for e in new],
    )
    store.insert_many(
        connection,
        tables.postings,
        ("entry", "account", "amount_fen"),
        [(e.key, line.account.name, line.amount_fen) for e in new for line in e.lines],
    )


def _move_balances(connection: sa.Connection, store: Store, tables: LedgerTables, new: Sequence[Entry]) -> None:
    changes: dict[Account, int] = {}
    for entry in new:
        for line in entry.lines:
            changes[line.account] = changes.get(line.account, 0) + line.amount_fen
    added = []
    for account in sorted(changes):
        if account.kind in GUARDED and changes[account] < 0:
            _take(connection, tables.accounts, account, -changes[account])
        else:
            added.append({**_row(account), "balance_fen": changes[account]})
    if added:
        store.add_to(connection, tables.accounts, added, "balance_fen")


def _take(connection: sa.Connection, accounts: sa.Table, account: Account, amount_fen: int) -> None:
    taken = connection.execute(_less(accounts), {"name": account.name, "amount_fen": amount_fen})
    if taken.rowcount != 1:
        raise Overdrawn(account.name)


def _row(account: Account) -> dict[str, object]:
    return {"account": account.name, "kind": account.kind, "person": account.person, "packet": account.packet}


# Statements are built once a table: building one costs more than sending it.


# Most ask for one entry: a list of any length is written anew at every call.


@cache
def _standing_one(entries: sa.Table) -> sa.Select[Any]:
    return sa.select(entries.c.entry, entries.c.body).where(entries.c.entry == sa.bindparam("key"))


@cache
def _standing(entries: sa.Table) -> sa.Select[Any]:
    return sa.select(entries.c.entry, entries.c.body).where(entries.c.entry.in_(sa.bindparam("keys", expanding=True)))


@cache
def _less(accounts: sa.Table) -> sa.Update:
    balance_fen, amount_fen = accounts.c.balance_fen, sa.bindparam("amount_fen", type_=sa.BigInteger)
    return (
        sa.update(accounts)
        .where(accounts.c.account == sa.bindparam("name"), balance_fen >= amount_fen)
        .values(balance_fen=balance_fen - amount_fen)
    )
