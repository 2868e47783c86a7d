"""Awards in the ledger: credited once under their order number, whoever brings them (Money rule 6)."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import cache, partial
from typing import Any, Final, NamedTuple

import sqlalchemy as sa

from reference_impl.domain.orders import OrderNumber, parse_order
from reference_impl.ledger import books, merges
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
    """What a person's accounts say: the balance, and every award that is in it, by order number."""

    balance_fen: int
    awards: dict[str, int]


def credit_awards(ledger: Ledger, awards: Iterable[Award], tagged: bool) -> None:
    """Move awards from their scenes' budgets to their people, each once however often this is called.

    What belongs to a merged account goes where that account's money went (Money rule 9).
    """
    owed = [(award.number.act, award) for award in awards]
    while owed:
        late: list[tuple[int, Award]] = []
        for store, due in _by_shard(ledger, owed):
            late += ledger.write_in(store, tagged, partial(_credit, owed=due))
        owed = late


def held(ledger: Ledger, acts: Sequence[int], tagged: bool) -> Held:
    """Balance and awards of one person, the accounts of whose `acts` are merged each into one before it.

    An account's balance and awards are of the same moment. Where money goes is read before where it comes from: a merge
    that is seen to have left and was not yet seen to have arrived is on its way, and counts.
    """
    balance_fen, awards, arrived = 0, dict[str, int](), set[str]()
    for act in acts:
        values = {"act": act, "name": books.user(act).name, "entries": _merges_of(acts, act)}
        rows = ledger.shard(act).read(lambda c, values=values: c.execute(_held(tagged), values).all())  # type: ignore[misc]
        awards |= {row.name: int(row.amount_fen) for row in rows if row.what == "award"}
        balance_fen += sum(int(row.amount_fen) for row in rows if row.what == "balance")
        entries = {row.name: row.body for row in rows if row.what == "entry"}
        moved = merges.moved_by(entries, act)
        if moved is not None and merges.arrival_key(act) not in arrived:
            balance_fen += moved.amount_fen
        arrived |= {entry for entry, body in entries.items() if body == str(act)}
    return Held(balance_fen, awards)


def _merges_of(acts: Sequence[int], act: int) -> list[str]:
    """The entries that say what left an account, and what came to it or to another in its database."""
    return [merges.merge_key(act), *(merges.arrival_key(other) for other in acts)]


def credited_fen(
    ledger: Ledger, orders: Sequence[OrderNumber], tagged: bool, *, anywhere: bool = False
) -> dict[str, int]:
    """Of these orders those that are credited, with their amounts. Unless they are all of one person, some may be
    credited to who an act_id was merged into, `anywhere`."""
    values = {"orders": [str(order) for order in orders]}
    homes = {ledger.shard(order.act).name for order in orders}
    found: dict[str, int] = {}
    for store in (store for store in ledger.stores if anywhere or store.name in homes):
        rows = store.read(lambda connection: connection.execute(_credited(tagged), values).all())
        found.update((row.order_number, row.amount_fen) for row in rows)
    return found


def awarded_fen(ledger: Ledger, stage: str, tagged: bool) -> int:
    """The sum of all awards of a stage that are credited."""
    statement, values = _sum(tagged), {"stage": stage}
    sums = (store.read(lambda connection: connection.execute(statement, values).scalar()) for store in ledger.stores)
    return sum(int(fen or 0) for fen in sums)


def _credit(
    connection: sa.Connection, store: Store, tables: LedgerTables, owed: Sequence[tuple[int, Award]]
) -> list[tuple[int, Award]]:
    """Credit those whose accounts are here; the others, with the account that each belongs to."""
    acts = {act for act, _ in owed}
    merges.lock(connection, store, tables, acts)
    entries = [*(award.order for _, award in owed), *(merges.merge_key(act) for act in acts)]
    standing = books.standing_entries(connection, tables, entries)
    missing = {award.order: (act, award) for act, award in owed if award.order not in standing}
    moved = {act: merges.moved_by(standing, act) for act in acts}
    new = [(act, award) for act, award in missing.values() if moved[act] is None]
    if new:
        now_us = store.now_us(connection)
        books.post(connection, store, tables, [_entry(act, award) for act, award in new], now_us)
        store.insert_many(connection, tables.awards, _COLUMNS, [_row(act, award, now_us) for act, award in new])
    return [(to.into, award) for act, award in missing.values() if (to := moved[act]) is not None]


def _entry(act: int, award: Award) -> books.Entry:
    number = award.number
    part = act % BUDGET_ACCOUNTS
    source = books.Account(f"budget:{number.scene}:{number.stage}:{part}", "budget")
    return books.transfer(award.order, "award", None, source, books.user(act), award.amount_fen)


def _row(act: int, award: Award, now_us: int) -> tuple[Any, ...]:
    n = award.number
    return (
        award.order, act, n.scene, n.rain, n.award_type, n.stage, award.amount_fen, award.slice, award.opened_us,
        now_us,
    )  # fmt: skip


def _by_shard(ledger: Ledger, owed: Iterable[tuple[int, Award]]) -> list[tuple[Store, list[tuple[int, Award]]]]:
    groups: dict[str, list[tuple[int, Award]]] = defaultdict(list)
    for act, award in owed:
        groups[ledger.shard(act).name].append((act, award))
    return [(store, groups[store.name]) for store in ledger.stores if store.name in groups]


# Statements are built once a table: building one costs more than sending it.


@cache
def _held(tagged: bool) -> sa.CompoundSelect[Any]:
    tables = ledger_tables(tagged)
    awards, accounts, entries = tables.awards.c, tables.accounts.c, tables.entries.c
    return sa.union_all(
        _told("award", awards.order_number, awards.amount_fen, sa.null()).where(awards.act == sa.bindparam("act")),
        _told("balance", accounts.account, accounts.balance_fen, sa.null()).where(
            accounts.account == sa.bindparam("name")
        ),
        _told("entry", entries.entry, sa.null(), entries.body).where(
            entries.entry.in_(sa.bindparam("entries", expanding=True))
        ),
    )


def _told(what: str, name: Any, amount_fen: Any, body: Any) -> sa.Select[Any]:
    return sa.select(
        sa.literal_column(f"'{what}'").label("what"),
        name.label("name"),
        amount_fen.label("amount_fen"),
        body.label("body"),
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
