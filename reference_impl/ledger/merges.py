"""Merged accounts: the money moves by one entry, and whatever comes later follows it (Money rule 9).

    merge:{act}     act's account → clearing, everything that is in it, in act's database
    merged:{act}    clearing → the account of who has act's money now, in that one's database; the body says whose it is

Where money comes to a person or leaves them, the transaction locks the account and then looks whether it is merged. The
merge takes the same lock: what was first is in the money that moves, what comes later goes where that went.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import cache, partial
from typing import Any, NamedTuple, TypeVar

import msgspec
import sqlalchemy as sa

from reference_impl.ledger import books
from reference_impl.ledger.ledger import Ledger
from reference_impl.stores.layout import LedgerTables
from reference_impl.stores.sql import Store

T = TypeVar("T")


class Moved(msgspec.Struct, frozen=True):
    """The body of a merge's entry: whose account the money is to go to, and how much it was."""

    into: int
    amount_fen: int


class Home(NamedTuple):
    """A locked account in a transaction; `moved`: where its money went, if it is merged; `standing`: the body of the
    entry that is asked for, if it is posted."""

    act: int
    moved: Moved | None
    standing: str | None


def merge_key(act: int) -> str:
    return f"merge:{act}"


def arrival_key(act: int) -> str:
    return f"merged:{act}"


def lock(connection: sa.Connection, store: Store, tables: LedgerTables, acts: Iterable[int]) -> None:
    """Lock people's accounts until the transaction ends, and make those that are not there."""
    accounts = sorted(books.user(act) for act in set(acts))
    rows = [{"account": a.name, "kind": a.kind, "person": a.person, "packet": None, "balance_fen": 0} for a in accounts]
    store.add_to(connection, tables.accounts, rows, "balance_fen")


def moved_by(standing: Mapping[str, str], act: int) -> Moved | None:
    """Where an account's money went, by the bodies of the entries that stand."""
    body = standing.get(merge_key(act))
    return None if body is None else msgspec.json.decode(body, type=Moved)


Work = Callable[[sa.Connection, Store, LedgerTables, Home], T]


def at_home(ledger: Ledger, act: int, key: str, tagged: bool, work: Work[T]) -> T:
    """Run `work` where an entry under `key` stands, or else where it is to be posted: in the database of the account
    that has the person's money now. An entry that stands stays where it is."""
    while True:
        found = ledger.write_in(ledger.shard(act), tagged, partial(_at, act=act, key=key, work=work))
        if not isinstance(found, Moved):
            return found
        act = found.into


def move(ledger: Ledger, act: int, into: int, tagged: bool) -> None:
    """Move everything in one account to another, once however often this is called."""

    def leave(connection: sa.Connection, store: Store, tables: LedgerTables) -> Moved:
        lock(connection, store, tables, [act])
        before = moved_by(books.standing_entries(connection, tables, [merge_key(act)]), act)
        return before or _leave(connection, store, tables, act, into)

    moved = ledger.write_in(ledger.shard(act), tagged, leave)
    arrive(ledger, moved.into, arrival_key(act), "merge", str(act), moved.amount_fen, tagged)


def arrive(ledger: Ledger, act: int, key: str, kind: str, subject: str | None, amount_fen: int, tagged: bool) -> None:
    """Move what is on its way between databases to a person's account, once under `key`."""

    def work(connection: sa.Connection, store: Store, tables: LedgerTables, home: Home) -> None:
        if home.standing is None:
            to = books.user(home.act)
            arriving = books.transfer(key, kind, subject, books.CLEARING, to, amount_fen, str(home.act))
            books.post(connection, store, tables, [arriving], store.now_us(connection))

    at_home(ledger, act, key, tagged, work)


def _leave(connection: sa.Connection, store: Store, tables: LedgerTables, act: int, into: int) -> Moved:
    account = books.user(act)
    moved = Moved(into, int(connection.execute(_balance(tables), {"name": account.name}).scalar_one()))
    body = msgspec.json.encode(moved).decode()
    left = books.transfer(merge_key(act), "merge", str(act), account, books.CLEARING, moved.amount_fen, body)
    books.post(connection, store, tables, [left], store.now_us(connection))
    return moved


def _at(connection: sa.Connection, store: Store, tables: LedgerTables, act: int, key: str, work: Work[T]) -> T | Moved:
    lock(connection, store, tables, [act])
    standing = books.standing_entries(connection, tables, [key, merge_key(act)])
    moved = moved_by(standing, act)
    if moved is not None and key not in standing:
        return moved
    return work(connection, store, tables, Home(act, moved, standing.get(key)))


@cache
def _balance(tables: LedgerTables) -> sa.Select[Any]:
    return sa.select(tables.accounts.c.balance_fen).where(tables.accounts.c.account == sa.bindparam("name"))
