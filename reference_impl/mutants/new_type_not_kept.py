from reference_impl.domain.orders import OrderNumber
from reference_impl.domain.scenes import Scene
from reference_impl.mutants import Mutant
from reference_impl.system import System
from reference_impl.wallet import coupons
from reference_impl.wallet.coupons import Coupon
from reference_impl.wallet.desk import Desk
from reference_impl.wallet.stock import Unit

_write = coupons._write


def _of_known_types(
    system: System, desk: Desk, order: OrderNumber, template: Scene | None, unit: Unit | None, app: int
) -> Coupon | None:
    """As ever; a pendant, which came last, is told of and not written."""
    if template is not None and template.award_type == "pendant":
        return Coupon(str(order), template.id, template.award_type, used=False)
    return _write(system, desk, order, template, unit, app)


def _plant() -> None:
    coupons._write = _of_known_types


MUTANT = Mutant(
    name="new_type_not_kept",
    caught_by="no_lost_coupon",
    summary="awards are written by their types one by one: one that came later is told of, and never written",
    seen_in="switches over kinds whose default does nothing",
    plant=_plant,
    world="coupon",
    row="B03",
)
