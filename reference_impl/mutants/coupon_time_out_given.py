from collections.abc import Sequence

from reference_impl.domain.errors import Refused
from reference_impl.domain.orders import OrderNumber
from reference_impl.domain.scenes import Scene
from reference_impl.mutants import Mutant
from reference_impl.system import System
from reference_impl.wallet import coupons
from reference_impl.wallet.desk import Desk

_give = coupons.give


def _given_anyway(
    system: System, desk: Desk, scene: Scene, order: OrderNumber, app: int, standing: Sequence[OrderNumber]
) -> coupons.Coupon:
    try:
        return _give(system, desk, scene, order, app, standing)
    except Refused as refused:
        if refused.code != "in_progress":
            raise
        return coupons.Coupon(str(order), scene.id, scene.award_type, used=False)


def _plant() -> None:
    coupons.give = _given_anyway


MUTANT = Mutant(
    name="coupon_time_out_given",
    caught_by="no_lost_coupon",
    summary="a count that timed out is taken as done: people are told of a coupon that nobody has written",
    seen_in="flash-sale code that answers success once Redis was asked, and writes the order behind",
    plant=_plant,
    world="coupon",
    row="B12",
)
