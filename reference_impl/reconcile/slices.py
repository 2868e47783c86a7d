"""Slices ↔ awards: what was reserved and not given away goes back to the budget (Money rule 10).

A slice's time is over, by this clock, as long ago as it lasted: no holder's clock is that far off, and no award out of
it is still on its way to the token store.
"""

from collections.abc import Iterator
from functools import cache, partial
from typing import Any, Final

import sqlalchemy as sa

from reference_impl.reconcile import awards
from reference_impl.reconcile.report import Report
from reference_impl.stores import stream
from reference_impl.stores.layout import LedgerTables, ledger_tables
from reference_impl.stores.wallet_tables import WalletTables, wallet_tables
from reference_impl.system import System
from reference_impl.wallet.budget import SETTLED, give_rest_back
from reference_impl.wallet.desk import Desk
from reference_impl.wallet.token_store import TOPICS

_EVER_US: Final = 1 << 62


def reconcile(system: System, since_us: int, until_us: int) -> Report:
    """Settle slices whose time is over, once every award of theirs is credited and counted."""
    examined = repaired = 0
    for desk, number, granted_fen, tagged in _open(system):
        examined += 1
        if not _under_way(system, desk, tagged):
            rest_fen = granted_fen - _given_fen(system, number, tagged)
            tables = wallet_tables(tagged)
            repaired += desk.budget_store.write(
                partial(give_rest_back, tables=tables, number=number, rest_fen=rest_fen, after=SETTLED)
            )
    return Report(examined, examined, repaired)


def count_missing(system: System, since_us: int, until_us: int) -> int:
    """How many slices are not settled: what they hold is neither given nor to be had."""
    if system.desk is None:
        return 0
    store = system.desk.budget_store
    counts = (_still_open(wallet_tables(tagged)) for tagged in system.sides())
    return sum(int(store.read(lambda c, s=count: c.execute(s).scalar_one())) for count in counts)  # type: ignore[misc]


def _open(system: System) -> Iterator[tuple[Desk, int, int, bool]]:
    """Slices that are not settled and that nobody takes from any more."""
    desk = system.desk
    if desk is None:
        return
    long_ago_us = system.runtime.now_us() - int(system.settings.slice_s * 1_000_000)
    for tagged in system.sides():
        statement = _standing(wallet_tables(tagged))
        rows = desk.budget_store.read(lambda c, s=statement: c.execute(s, {"long_ago_us": long_ago_us}).all())  # type: ignore[misc]
        yield from ((desk, row.slice, row.granted_fen, tagged) for row in rows)


def _under_way(system: System, desk: Desk, tagged: bool) -> bool:
    """Whether awards are promised that no ledger has counted."""
    return stream.backlog(desk.tokens.client, tagged, TOPICS) > 0 or awards.count_missing(system, 0, _EVER_US) > 0


def _given_fen(system: System, number: int, tagged: bool) -> int:
    statement = _counted(ledger_tables(tagged))
    return sum(
        int(store.read(lambda connection: connection.execute(statement, {"number": number}).scalar()) or 0)
        for store in system.ledger.stores
    )


@cache
def _standing(tables: WalletTables) -> sa.Select[Any]:
    c = tables.slices.c
    return (
        sa.select(c.slice, c.granted_fen)
        .where(c.state != SETTLED, c.until_us < sa.bindparam("long_ago_us"))
        .order_by(c.slice)
    )


@cache
def _still_open(tables: WalletTables) -> sa.Select[Any]:
    return sa.select(sa.func.count()).where(tables.slices.c.state != SETTLED)


@cache
def _counted(tables: LedgerTables) -> sa.Select[Any]:
    c = tables.awards.c
    return sa.select(sa.func.coalesce(sa.func.sum(c.amount_fen), 0)).where(c.slice == sa.bindparam("number"))
