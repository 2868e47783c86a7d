from typing import Any

from reference_impl.domain.stages import LIVE
from reference_impl.ledger import awards
from reference_impl.ledger.awards import Award
from reference_impl.mutants import Mutant

_row = awards._row
_STAGE = awards._COLUMNS.index("stage")


def _as_live(act: int, award: Award, now_us: int) -> tuple[Any, ...]:
    row = _row(act, award, now_us)
    return (*row[:_STAGE], LIVE, *row[_STAGE + 1 :])


def _plant() -> None:
    awards._row = _as_live


MUTANT = Mutant(
    name="stage_forgotten",
    caught_by="stage_isolation",
    summary="a credited award's row says live, whatever stage it was given in: testers' awards count as everybody's",
    seen_in="a column that was added with a default, and one writer that does not know it",
    plant=_plant,
    world="stages",
    row="B22",
)
