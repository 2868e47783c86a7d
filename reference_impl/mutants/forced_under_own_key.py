from collections.abc import Sequence
from functools import partial

import sqlalchemy as sa

from reference_impl.domain.acts import is_tagged_act
from reference_impl.ledger import awards, books
from reference_impl.ledger.awards import held
from reference_impl.mutants import Mutant
from reference_impl.stores.layout import LedgerTables
from reference_impl.stores.sql import Store
from reference_impl.system import System
from reference_impl.wallet import asking
from reference_impl.wallet import page as paging
from reference_impl.wallet.asking import Forced
from reference_impl.wallet.desk import Desk
from reference_impl.wallet.identities import family as family_of


def _force_credit(system: System, desk: Desk, act: int, presented: Sequence[str]) -> Forced:
    family, tagged = family_of(desk, act), is_tagged_act(act)
    promised = paging.promises(system, desk, family, presented).awards
    credited = held(system.ledger, family.acts, tagged).awards
    owed = [award for order, award in promised.items() if order not in credited]
    entries = [
        awards._entry(family.holder, award)._replace(key=f"{system.name}:{system.runtime.draw()}") for award in owed
    ]
    if entries:
        posting = partial(_post, new=entries)
        system.ledger.write_in(system.ledger.shard(family.holder), tagged, posting)
    return Forced(len(owed))


def _post(connection: sa.Connection, store: Store, tables: LedgerTables, new: Sequence[books.Entry]) -> None:
    books.post(connection, store, tables, new, store.now_us(connection))


def _plant() -> None:
    asking.force_credit = _force_credit


MUTANT = Mutant(
    name="forced_under_own_key",
    caught_by="wallet_view_complete",
    summary="the library credits under a key of its own: whoever credits the same award after it does so again",
    seen_in="second ways to pay that were built beside the first, each with its own idempotency key",
    plant=_plant,
    world="sdk",
    row="B21",
)
