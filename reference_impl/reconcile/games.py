"""Games' own record ↔ awards: a play whose award was perhaps not asked for gets it, under its own number (B02, B14)."""

import logging
from collections.abc import Iterator
from functools import cache
from typing import Any, Final

import sqlalchemy as sa

from reference_impl.domain.errors import Refused
from reference_impl.reconcile.report import Difference, Report
from reference_impl.stores.sql import Store
from reference_impl.stores.wallet_tables import WalletTables, wallet_tables
from reference_impl.system import System
from reference_impl.wallet import playing
from reference_impl.wallet.desk import Desk
from reference_impl.wallet.plays import OPEN, Play, columns

log = logging.getLogger(__name__)
MOST: Final = 500


def reconcile(system: System, since_us: int, until_us: int) -> Report:
    """Give what is open, also if it is older: a share is due from when its pool was closed."""
    total = Report()
    for desk, store, tagged in _places(system):
        for play in _open(store, tagged, until_us):
            found = Difference("unawarded", play.order_number, play.amount_fen, None, store.name)
            total += Report(1, 1, _give(system, desk, play), [found])
    return total


def count_missing(system: System, since_us: int, until_us: int) -> int:
    """How many plays wait for their award."""
    return sum(len(_open(store, tagged, until_us)) for _, store, tagged in _places(system))


def _give(system: System, desk: Desk, play: Play) -> bool:
    try:
        playing.give(system, desk, play)
    except Refused as refused:
        log.error("%s is recorded, and is not given: %s", play.order_number, refused.message)
        return False
    return True


def _places(system: System) -> Iterator[tuple[Desk, Store, bool]]:
    if system.desk is not None:
        yield from ((system.desk, store, tagged) for store in system.desk.orders for tagged in system.sides())


def _open(store: Store, tagged: bool, until_us: int) -> list[Play]:
    statement, values = _waiting(wallet_tables(tagged)), {"until_us": until_us}
    return [Play(*row) for row in store.read(lambda connection: connection.execute(statement, values).all())]


@cache
def _waiting(tables: WalletTables) -> sa.Select[Any]:
    c = tables.plays.c
    return (
        columns(tables)
        .where(c.state == OPEN, c.played_us < sa.bindparam("until_us"))
        .order_by(c.played_us, c.act, c.game)
        .limit(MOST)
    )
