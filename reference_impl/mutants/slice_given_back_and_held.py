from reference_impl.mutants import Mutant
from reference_impl.stores.wallet_tables import wallet_tables
from reference_impl.wallet import budget


def _let_go(self: budget.Budgets, key: tuple[str, str, bool]) -> None:
    held, tables = self._held.get(key), wallet_tables(key[-1])
    if held is not None:
        self._store.write(
            lambda connection: budget.give_rest_back(connection, tables, held.number, held.left_fen, budget.CLOSED)
        )


def _plant() -> None:
    budget.Budgets._let_go = _let_go  # type: ignore[method-assign]


MUTANT = Mutant(
    name="slice_given_back_and_held",
    caught_by="within_budget",
    summary="a process that gave the rest of its slice back, and got no other, goes on giving from the old one",
    seen_in="this wallet itself, until somebody read it again: the old slice was replaced by the new one, if any",
    plant=_plant,
    world="budget",
    row="B14",
)
