from collections.abc import Sequence

import sqlalchemy as sa

from reference_impl.ledger import awards, books
from reference_impl.ledger.awards import Award
from reference_impl.mutants import Mutant
from reference_impl.stores.layout import LedgerTables
from reference_impl.stores.sql import Store


def _credit(
    connection: sa.Connection, store: Store, tables: LedgerTables, owed: Sequence[tuple[int, Award]]
) -> list[tuple[int, Award]]:
    wanted = {award.order: (act, award) for act, award in owed}
    standing = books.standing_entries(connection, tables, wanted)
    new = [each for order, each in wanted.items() if order not in standing]
    if new:
        now_us = store.now_us(connection)
        books.post(connection, store, tables, [awards._entry(*each) for each in new], now_us)
        store.insert_many(connection, tables.awards, awards._COLUMNS, [awards._row(*each, now_us) for each in new])
    return []


def _plant() -> None:
    awards._credit = _credit


MUTANT = Mutant(
    name="credited_to_the_alias",
    caught_by="merge_preserves",
    summary="an award that was on its way when its person was merged is credited to the account of before",
    seen_in="queues whose messages carry the account id of when they were written",
    plant=_plant,
    world="merge",
    row="B01",
)
