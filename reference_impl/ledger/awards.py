"""Awards in the ledger: credited once under their order number, whoever brings them (Money rule 6)."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any, Final, NamedTuple

import sqlalchemy as sa

from reference_impl.domain.orders import OrderNumber, parse_order
from reference_impl.ledger import books
from reference_impl.ledger.ledger import Ledger
from reference_impl.stores.layout import LedgerTables, ledger_tables
from reference_impl.stores.sql import Store

BUDGET_ACCOUNTS: Final = 16
"""Accounts a scene's cost is spread over in each database: one would be locked by every award."""
_COLUMNS: Final = (
    "order_number", "act", "scene", "rain", "award_type", "stage", "amount_fen", "slice", "opened_us", "credited_us",
)  # fmt: skip


class Award(NamedTuple):
    """Money promised to a person under an order number; `slice` is the part of the budget it is taken from."""

    order: str
    amount_fen: int
    slice: int
    opened_us: int

    @property
    def number(self) -> OrderNumber:
        return parse_order(self.order)


class Held(NamedTuple):
    """What a person's account says at one moment: its balance, and every award that is in it, by order number."""

    balance_fen: int
    awards: dict[str, int]


def credit_awards(ledger: Ledger, awards: Iterable[Award], tagged: bool) -> None:
    """Move awards from their scenes' budgets to their people, each once however often this is called."""
    for store, owed in _by_shard(ledger, awards):
        ledger.write_in(store, tagged, lambda c, store, tables, owed=owed: _credit(c, store, tables, owed))  # type: ignore[misc]


def held(ledger: Ledger, act: int, tagged: bool) -> Held:
    """Balance and awards of one person, by one statement: both are of the same moment."""
    statement, values = _held(tagged), {"act": act, "name": books.user(act).name}
    rows = ledger.shard(act).read(lambda connection: connection.execute(statement, values).all())
    balance_fen = next((row.balance_fen for row in rows if row.balance_fen is not None), 0)
    return Held(int(balance_fen), {row.order_number: row.amount_fen for row in rows if row.order_number is not None})


def credited_fen(ledger: Ledger, orders: Iterable[OrderNumber], tagged: bool) -> dict[str, int]:
    """Of these orders those that are credited, with their amounts."""
    found: dict[str, int] = {}
    by_store: dict[str, list[str]] = defaultdict(list)
    for order in orders:
        by_store[ledger.shard(order.act).name].append(str(order))
    for store in ledger.stores:
        if names := by_store.get(store.name):
            rows = store.read(lambda c, names=names: c.execute(_credited(tagged), {"orders": names}).all())  # type: ignore[misc]
            found.update((row.order_number, row.amount_fen) for row in rows)
    return found


def awarded_fen(ledger: Ledger, stage: str, tagged: bool) -> int:
    """The sum of all awards of a stage that are credited."""
    statement, values = _sum(tagged), {"stage": stage}
    sums = (store.read(lambda connection: connection.execute(statement, values).scalar()) for store in ledger.stores)
    return sum(int(fen or 0) for fen in sums)


def _credit(connection: sa.Connection, store: Store, tables: LedgerTables, owed: Sequence[Award]) -> None:
    wanted = {award.order: award for award in owed}
    standing = books.standing_entries(connection, tables, wanted)
    new = [award for order, award in wanted.items() if order not in standing]
    if not new:
        return
    now_us = store.now_us(connection)
    books.post(connection, store, tables, [_entry(award) for award in new], now_us)
    store.insert_many(connection, tables.awards, _COLUMNS, [_row(award, now_us) for award in new])


def _entry(award: Award) -> books.Entry:
    number = award.number
    part = number.act % BUDGET_ACCOUNTS
    source = books.Account(f"budget:{number.scene}:{number.stage}:{part}", "budget")
    return books.transfer(award.order, "award", None, source, books.user(number.act), award.amount_fen)


def _row(award: Award, now_us: int) -> tuple[Any, ...]:
    n = award.number
    return (
        award.order, n.act, n.scene, n.rain, n.award_type, n.stage, award.amount_fen, award.slice, award.opened_us,
        now_us,
    )  # fmt: skip


def _by_shard(ledger: Ledger, awards: Iterable[Award]) -> list[tuple[Store, list[Award]]]:
    groups: dict[str, list[Award]] = defaultdict(list)
    for award in awards:
        groups[ledger.shard(award.number.act).name].append(award)
    return [(store, groups[store.name]) for store in ledger.stores if store.name in groups]


# Statements are built once a table: building one costs more than sending it.


@cache
def _held(tagged: bool) -> sa.CompoundSelect[Any]:
    tables = ledger_tables(tagged)
    awards, accounts = tables.awards.c, tables.accounts.c
    return sa.union_all(
        sa.select(awards.order_number, awards.amount_fen, sa.null().label("balance_fen")).where(
            awards.act == sa.bindparam("act")
        ),
        sa.select(sa.null(), sa.null(), accounts.balance_fen).where(accounts.account == sa.bindparam("name")),
    )


@cache
def _sum(tagged: bool) -> sa.Select[Any]:
    awards = ledger_tables(tagged).awards.c
    return sa.select(sa.func.sum(awards.amount_fen)).where(awards.stage == sa.bindparam("stage"))


@cache
def _credited(tagged: bool) -> sa.Select[Any]:
    awards = ledger_tables(tagged).awards.c
    return sa.select(awards.order_number, awards.amount_fen).where(
        awards.order_number.in_(sa.bindparam("orders", expanding=True))
    )
