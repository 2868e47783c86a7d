from typing import Any

from reference_impl.ledger import books
from reference_impl.mutants import Mutant


def _whether_or_not(connection: Any, accounts: Any, account: books.Account, amount_fen: int) -> None:
    connection.execute(books._less(accounts), {"name": account.name, "amount_fen": amount_fen})


def _plant() -> None:
    books._take = _whether_or_not


MUTANT = Mutant(
    name="row_count_unread",
    row="W05",
    caught_by="ledger_balances",
    summary="nobody reads how many rows the guarded UPDATE of a balance changed: none, and the money is spent",
    seen_in="code that guards an UPDATE with `AND balance >= ?` and ignores its row count",
    plant=_plant,
    world="pay_and_crash",
)
