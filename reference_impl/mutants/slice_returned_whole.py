from typing import Any

from reference_impl.mutants import Mutant
from reference_impl.reconcile import slices


def _nothing(*_: Any) -> dict[int, int]:
    return {}


def _plant() -> None:
    slices._given_fen = _nothing


MUTANT = Mutant(
    name="slice_returned_whole",
    caught_by="budget_settled",
    summary="a dead process's slice goes back to the budget whole, with what it had given away",
    seen_in="quota leases that return whole when their holder's heartbeat stops",
    plant=_plant,
    world="budget",
    row="B14",
)
