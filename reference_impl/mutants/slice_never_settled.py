from typing import Any

from reference_impl.mutants import Mutant
from reference_impl.reconcile import slices
from reference_impl.reconcile.report import Report


def _nobody_looks(*_: Any) -> Report:
    return Report()


def _none(*_: Any) -> int:
    return 0


def _plant() -> None:
    slices.reconcile = _nobody_looks
    slices.count_missing = _none


MUTANT = Mutant(
    name="slice_never_settled",
    caught_by="budget_settled",
    summary="what a process that died had reserved stays reserved for ever",
    seen_in="reservations without an owner who returns them",
    plant=_plant,
    world="budget",
    row="B14",
)
