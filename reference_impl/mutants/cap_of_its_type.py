import msgspec

from reference_impl.domain.scenes import Scene
from reference_impl.mutants import Mutant
from reference_impl.wallet import award
from reference_impl.wallet.award import AwardRequest
from reference_impl.wallet.desk import Desk

_scene = award._scene


def _by_type(desk: Desk, request: AwardRequest) -> Scene:
    """The scene that is named; its cap is the highest that any scene of its type has."""
    scene = desk.activity.scene(request.scene)
    caps = [each.cap_fen for each in desk.activity.scenes if scene and each.award_type == scene.award_type]
    if scene is None or request.amount_fen > max(caps):
        return _scene(desk, request)
    return _scene(desk, msgspec.structs.replace(request, amount_fen=min(request.amount_fen, scene.cap_fen)))


def _plant() -> None:
    award._scene = _by_type


MUTANT = Mutant(
    name="cap_of_its_type",
    caught_by="award_cap",
    summary="terms are looked up by award type, where every scene has its own: a small scene pays like the largest",
    seen_in="limits by product, in campaigns that give the same product under several rules",
    plant=_plant,
    world="dependencies",
    row="B05",
)
