from collections.abc import Sequence
from functools import partial

import sqlalchemy as sa

from reference_impl.domain.acts import is_tagged_act
from reference_impl.ledger import books
from reference_impl.ledger.awards import Award, held
from reference_impl.mutants import Mutant
from reference_impl.stores.layout import LedgerTables
from reference_impl.stores.sql import Store
from reference_impl.system import System
from reference_impl.wallet import asking
from reference_impl.wallet import page as paging
from reference_impl.wallet.asking import Forced
from reference_impl.wallet.desk import Desk
from reference_impl.wallet.identities import family as family_of


def _adds(connection: sa.Connection, store: Store, tables: LedgerTables, act: int, owed: Sequence[Award]) -> None:
    row = {**books._row(books.user(act)), "balance_fen": sum(award.amount_fen for award in owed)}
    store.add_to(connection, tables.accounts, [row], "balance_fen")


def _force_credit(system: System, desk: Desk, act: int, presented: Sequence[str]) -> Forced:
    family, tagged = family_of(desk, act), is_tagged_act(act)
    promised = paging.promises(system, desk, family, presented).awards
    credited = held(system.ledger, family.acts, tagged).awards
    owed = [award for order, award in promised.items() if order not in credited]
    if owed:
        adding = partial(_adds, act=family.holder, owed=owed)
        system.ledger.write_in(system.ledger.shard(family.holder), tagged, adding)
        desk.tokens.mark_credited(owed)
    return Forced(len(owed))


def _plant() -> None:
    asking.force_credit = _force_credit


MUTANT = Mutant(
    name="forced_beside_the_ledger",
    caught_by="ledger_balances",
    summary="the library adds what is owed to the balance itself, without the order number's entry in the ledger",
    seen_in="helper libraries that 'just increment the balance' because the ledger service is another team's",
    plant=_plant,
    world="sdk",
    row="B21",
)
