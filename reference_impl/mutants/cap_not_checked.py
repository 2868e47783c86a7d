from reference_impl.mutants import Mutant
from reference_impl.wallet import award as awarding
from reference_impl.wallet.award import AwardRequest, Scene
from reference_impl.wallet.desk import Desk


def _any_amount(desk: Desk, request: AwardRequest) -> Scene:
    scene = desk.activity.scene(request.scene)
    assert scene is not None
    return scene


def _plant() -> None:
    awarding._scene = _any_amount


MUTANT = Mutant(
    name="cap_not_checked",
    caught_by="award_cap",
    summary="the cap of an award is configured and nobody looks at it",
    seen_in="limits that only the caller's page enforces",
    plant=_plant,
    world="budget",
    row="B14",
)
