from collections.abc import Sequence

from reference_impl.mutants import Mutant
from reference_impl.wallet import stages
from reference_impl.wallet.desk import Desk


def _as_now(desk: Desk, acts: Sequence[int], rain: str) -> None:
    """Nothing is remembered."""


def _plant() -> None:
    stages._pinned = _as_now


MUTANT = Mutant(
    name="stage_decided_anew",
    caught_by="stage_isolation",
    summary="stages are decided at every request: who was in the pilot gets the same award again once it is live",
    seen_in="feature flags that are evaluated each time, in the middle of what they gate",
    plant=_plant,
    world="stages",
    row="B22",
)
