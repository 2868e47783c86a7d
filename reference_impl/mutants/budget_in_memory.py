from typing import Any

from reference_impl.mutants import Mutant
from reference_impl.wallet import budget


def _unread(*_: Any) -> bool:
    return True


def _plant() -> None:
    budget._promise = _unread


MUTANT = Mutant(
    name="budget_in_memory",
    caught_by="within_budget",
    summary="a process takes its slice without looking how many rows its UPDATE of the budget changed",
    seen_in="budget services that trust an UPDATE with a condition and never read its row count",
    plant=_plant,
    world="budget",
    row="B14",
)
