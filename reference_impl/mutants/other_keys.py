"""Part of some mutants: crediting under keys that another delivery of the same voucher does not share."""

from collections.abc import Iterable

import sqlalchemy as sa

from reference_impl.ledger import books, ledger
from reference_impl.stores.layout import ledger_tables
from reference_impl.stores.sql import Store
from reference_impl.stores.stream import Debt
from reference_impl.system import System


def credit_under(system: System, debt: Debt, tagged: bool, suffix: str) -> None:
    """Credit as the ledger does, but each voucher under `credit:{voucher}{suffix}`."""
    home = system.ledger.shard(debt.sender)
    leaving = (ledger._leaving(v, system.ledger.shard(v.person) is home) for v in debt.vouchers)
    _post(home, tagged, leaving, suffix)
    for store, vouchers in ledger._by_shard(system.ledger, debt.vouchers):
        if store is not home:
            _post(store, tagged, map(ledger._arriving, vouchers), suffix)


def _post(store: Store, tagged: bool, entries: Iterable[books.Entry], suffix: str) -> None:
    renamed = [entry._replace(key=entry.key + suffix) for entry in entries]
    tables = ledger_tables(tagged)

    def work(connection: sa.Connection) -> None:
        standing = books.standing_entries(connection, tables, [entry.key for entry in renamed])
        new = [entry for entry in renamed if entry.key not in standing]
        if new:
            books.post(connection, store, tables, new, store.now_us(connection))

    store.write(work)
