"""Asset orders ↔ ledger: an award with an order row and no credit is credited, under its order number (B04, B14)."""

from collections.abc import Iterator
from functools import cache
from typing import Any

import sqlalchemy as sa

from reference_impl.ledger.awards import Award
from reference_impl.reconcile.report import Report
from reference_impl.stores.sql import Store
from reference_impl.stores.wallet_tables import WalletTables, wallet_tables
from reference_impl.system import System
from reference_impl.wallet import crediting
from reference_impl.wallet.award import ACCEPTED, finish
from reference_impl.wallet.desk import Desk

MOST = 500


def reconcile(system: System, since_us: int, until_us: int) -> Report:
    """Credit every order row that waits, and say that it is done."""
    examined = 0
    for desk, store, tagged in _places(system):
        waiting = _waiting(store, tagged, until_us)
        examined += len(waiting)
        if waiting:
            crediting.credit(system, desk, waiting, tagged)
        for award in waiting:
            finish(desk, award.number)
    return Report(examined, examined, examined)


def count_missing(system: System, since_us: int, until_us: int) -> int:
    """How many order rows wait for their money."""
    return sum(len(_waiting(store, tagged, until_us)) for _, store, tagged in _places(system))


def _places(system: System) -> Iterator[tuple[Desk, Store, bool]]:
    if system.desk is not None:
        yield from ((system.desk, store, tagged) for store in system.desk.orders for tagged in system.sides())


def _waiting(store: Store, tagged: bool, until_us: int) -> list[Award]:
    statement, values = _accepted(wallet_tables(tagged)), {"until_us": until_us}
    return [Award(*row) for row in store.read(lambda connection: connection.execute(statement, values).all())]


@cache
def _accepted(tables: WalletTables) -> sa.Select[Any]:
    c = tables.orders.c
    return (
        sa.select(c.order_number, c.amount_fen, c.slice, c.opened_us)
        .where(c.state == ACCEPTED, c.opened_us < sa.bindparam("until_us"))
        .order_by(c.opened_us, c.order_number)
        .limit(MOST)
    )
