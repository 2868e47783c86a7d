from reference_impl.domain.orders import order_number
from reference_impl.domain.scenes import Scene
from reference_impl.domain.stages import stage_of
from reference_impl.mutants import Mutant
from reference_impl.wallet import award
from reference_impl.wallet.award import AwardRequest, Orders
from reference_impl.wallet.desk import Desk


def _as_asked(desk: Desk, scene: Scene, request: AwardRequest) -> Orders:
    asked = order_number(request.act, scene.id, request.rain, scene.award_type, stage_of(request.act))
    return Orders(asked, (asked,))


def _plant() -> None:
    award._orders = _as_asked


MUTANT = Mutant(
    name="each_alias_is_given",
    caught_by="merge_preserves",
    summary="order numbers are compared under the act_id that asks: a merged person gets an occurrence's award twice",
    seen_in="once-per-user limits keyed by login id, for users who have one in each of several apps",
    plant=_plant,
    world="merge",
    row="B01",
)
