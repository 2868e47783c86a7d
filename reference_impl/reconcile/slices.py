"""Slices ↔ awards: what was reserved and not given away goes back to the budget (Money rule 10).

A slice's time is over, by this clock, as long ago as it lasted: no holder's clock is that far off, and no award out of
it is still on its way to the token store.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
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
    report, desk = Report(), system.desk
    if desk is None:
        return report
    for tagged in system.sides():
        granted = _over(system, desk, tagged)
        settles = granted and not _under_way(system, desk, tagged)
        report += Report(len(granted), len(granted), _settle(system, desk, granted, tagged) if settles else 0)
    return report


def count_missing(system: System, since_us: int, until_us: int) -> int:
    """How many slices are not settled: what they hold is neither given nor to be had."""
    if system.desk is None:
        return 0
    store = system.desk.budget_store
    counts = (_still_open(wallet_tables(tagged)) for tagged in system.sides())
    return sum(int(store.read(lambda c, s=count: c.execute(s).scalar_one())) for count in counts)  # type: ignore[misc]


def _over(system: System, desk: Desk, tagged: bool) -> dict[int, int]:
    """Slices that are not settled and that nobody takes from any more, with what they hold (fen)."""
    values = {"long_ago_us": system.runtime.now_us() - int(system.settings.slice_s * 1_000_000)}
    statement = _standing(wallet_tables(tagged))
    rows = desk.budget_store.read(lambda connection: connection.execute(statement, values).all())
    return {row.slice: row.granted_fen for row in rows}


def _settle(system: System, desk: Desk, granted: Mapping[int, int], tagged: bool) -> int:
    """Return to the budget what slices did not give away; how many were settled here."""
    given, tables, settled = _given_fen(system, list(granted), tagged), wallet_tables(tagged), 0
    for number, granted_fen in granted.items():
        rest_fen = granted_fen - given.get(number, 0)
        settled += desk.budget_store.write(
            partial(give_rest_back, tables=tables, number=number, rest_fen=rest_fen, after=SETTLED)
        )
    return settled


def _under_way(system: System, desk: Desk, tagged: bool) -> bool:
    """Whether awards are promised that no ledger has counted."""
    return stream.backlog(desk.tokens.client, tagged, TOPICS) > 0 or awards.count_missing(system, 0, _EVER_US) > 0


def _given_fen(system: System, slices: Sequence[int], tagged: bool) -> dict[int, int]:
    """What was given out of each of these slices; those that gave nothing are not in it."""
    statement, given = _counted(ledger_tables(tagged)), Counter[int]()
    for store in system.ledger.stores:
        rows = store.read(lambda connection: connection.execute(statement, {"slices": slices}).all())
        given.update({row.slice: int(row.given_fen) for row in rows})
    return dict(given)


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
    return (
        sa.select(c.slice, sa.func.sum(c.amount_fen).label("given_fen"))
        .where(c.slice.in_(sa.bindparam("slices", expanding=True)))
        .group_by(c.slice)
    )
