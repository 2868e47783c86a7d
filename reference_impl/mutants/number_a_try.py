import itertools

from reference_impl.mutants import Mutant
from reference_impl.wallet import withdrawal

_tries = itertools.count(1)
_number_of = withdrawal.number_of


def _another_each_time(act: int, key: str) -> str:
    return f"{_number_of(act, key)[:30]}-{next(_tries)}"


def _plant() -> None:
    withdrawal.number_of = _another_each_time


MUTANT = Mutant(
    name="number_a_try",
    caught_by="bank_agrees",
    summary="each try of a withdrawal gets a number of its own, so that the row that stands is another's",
    seen_in="payout services that make the number in the handler and keep the client's key in another table",
    plant=_plant,
    world="withdrawal",
    row="B23",
)
