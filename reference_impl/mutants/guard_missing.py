from typing import Any

from reference_impl.ledger import books
from reference_impl.mutants import Mutant


def _take_regardless(connection: Any, accounts: Any, account: books.Account, amount_fen: int) -> None:
    less = {"balance_fen": accounts.c.balance_fen - amount_fen}
    taken = connection.execute(accounts.update().where(accounts.c.account == account.name).values(less))
    if taken.rowcount != 1:
        raise books.Overdrawn(account.name)


def _plant() -> None:
    books._take = _take_regardless


MUTANT = Mutant(
    name="guard_missing",
    row="W05",
    caught_by="no_negative_balance",
    summary="a balance is reduced without looking whether there is enough",
    seen_in="`UPDATE … SET balance = balance - ?` without `AND balance >= ?`",
    plant=_plant,
    world="pay_and_crash",
)
