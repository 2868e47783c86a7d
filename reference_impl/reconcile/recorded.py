"""Awards ↔ the games' own record, near-real-time: what our games' scenes credited is checked back against what was
played, and what was played against what is promised (B02, B14). Part of rain.py.

After a merge an award may stand under another number of the person's than the play says (B01): it is looked for there
before anybody is accused.
"""

import logging
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any, Final

import sqlalchemy as sa

from reference_impl.domain.orders import OrderNumber, parse_order
from reference_impl.ledger.awards import credited_fen
from reference_impl.reconcile.comparing import RECENT_US, chunks, credits, order_rows, promised_fen, reported
from reference_impl.reconcile.report import Difference, Report
from reference_impl.stores.cache import CacheError
from reference_impl.stores.sql import Store
from reference_impl.stores.wallet_tables import WalletTables, wallet_tables
from reference_impl.system import System
from reference_impl.wallet import coupons
from reference_impl.wallet.desk import Desk
from reference_impl.wallet.identities import family
from reference_impl.wallet.plays import GIVEN, Play, columns

log: Final = logging.getLogger(__name__)


def checked(system: System, name: str, since_us: int, until_us: int) -> Report:
    """Check credits and plays of a window. What is not recent is left to the hourly reconciliations."""
    desk, total = system.desk, Report()
    if desk is None:
        return total
    since_us = max(since_us, until_us - RECENT_US)
    scenes = [scene for scene in desk.activity.scenes if scene.game]
    for tagged in system.sides():
        for awards in chunks(credits(system, scenes, since_us, until_us, tagged)):
            total += Report(examined=len(awards)) + reported(system, name, _unplayed(desk, awards, tagged))
        for store in desk.orders:
            for plays in chunks(_given(store, since_us, until_us, tagged)):
                found = _unawarded(system, desk, store, plays, tagged)
                total += Report(examined=len(plays)) + reported(system, name, found)
    return total


# --- from the account to the record -----------------------------------------------------------------------------------


def _unplayed(desk: Desk, awards: Sequence[tuple[OrderNumber, int]], tagged: bool) -> Iterator[Difference]:
    played = _played_fen(desk, [number for number, _ in awards], tagged)
    for number, amount_fen in awards:
        decided_fen = played.get(str(number))
        if decided_fen is None:
            decided_fen = next(iter(_played_fen(desk, _others(desk, number), tagged).values()), None)
        if decided_fen != amount_fen:
            kind = "unplayed" if decided_fen is None else "other_amount"
            yield Difference(kind, str(number), decided_fen, amount_fen, desk.shard(number.act).name)


def _played_fen(desk: Desk, numbers: Sequence[OrderNumber], tagged: bool) -> dict[str, int]:
    """What was decided for these order numbers, of those that a game has recorded."""
    statement, values = _recorded(wallet_tables(tagged)), {"orders": [str(number) for number in numbers]}
    found: dict[str, int] = {}
    for store in desk.orders:
        found |= dict(store.read(lambda c: [(row[0], row[1]) for row in c.execute(statement, values)]))
    return found


# --- from the record to the promise -----------------------------------------------------------------------------------


def _given(store: Store, since_us: int, until_us: int, tagged: bool) -> list[Play]:
    statement, values = _said_given(wallet_tables(tagged)), {"from_us": since_us, "to_us": until_us}
    return [Play(*row) for row in store.read(lambda connection: connection.execute(statement, values).all())]


def _unawarded(system: System, desk: Desk, store: Store, plays: Sequence[Play], tagged: bool) -> Iterator[Difference]:
    """Plays that are said to be given, whose award left no trace. A token store that is away proves nothing."""
    numbers = [parse_order(play.order_number) for play in plays if play.amount_fen]
    traced = _traced(system, desk, numbers, tagged)
    try:
        for play in plays:
            number = parse_order(play.order_number)
            if play.order_number not in traced and not _is_awarded(system, desk, play, number):
                yield Difference("unawarded", play.order_number, play.amount_fen, None, store.name)
    except CacheError as error:
        log.warning("plays are checked later: %s", error)


def _is_awarded(system: System, desk: Desk, play: Play, number: OrderNumber) -> bool:
    """Whether anything says so, under any number of the person's."""
    numbers = [number, *_others(desk, number)]
    if not play.amount_fen:
        return any(coupons.find(desk, each) for each in numbers)
    if any(promised_fen(desk, each) is not None for each in numbers):
        return True
    return bool(_traced(system, desk, numbers, number.tagged))


def _traced(system: System, desk: Desk, numbers: Sequence[OrderNumber], tagged: bool) -> set[str]:
    """Those of these orders that have a row or are credited."""
    credited = credited_fen(system.ledger, numbers, tagged, anywhere=True)
    return {*order_rows(desk, numbers, tagged), *credited}


def _others(desk: Desk, number: OrderNumber) -> list[OrderNumber]:
    """The numbers of the same award under the person's other act_ids."""
    return [number._replace(act=act) for act in family(desk, number.act).acts if act != number.act]


@cache
def _recorded(tables: WalletTables) -> sa.Select[Any]:
    c = tables.plays.c
    return sa.select(c.order_number, c.amount_fen).where(c.order_number.in_(sa.bindparam("orders", expanding=True)))


@cache
def _said_given(tables: WalletTables) -> sa.Select[Any]:
    c = tables.plays.c
    return (
        columns(tables)
        .where(c.state == GIVEN, c.played_us >= sa.bindparam("from_us"), c.played_us < sa.bindparam("to_us"))
        .order_by(c.played_us, c.act, c.game)
    )
