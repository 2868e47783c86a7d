"""Part of some mutants: rows of coupons that do not say which unit they took, so that the database cannot object."""

from reference_impl.domain.orders import OrderNumber
from reference_impl.domain.scenes import Scene
from reference_impl.system import System
from reference_impl.wallet import coupons
from reference_impl.wallet.desk import Desk
from reference_impl.wallet.stock import Unit

_write = coupons._write


def _without_unit(
    system: System, desk: Desk, order: OrderNumber, template: Scene | None, unit: Unit | None, app: int
) -> coupons.Coupon | None:
    return _write(system, desk, order, template, None, app)


def plant() -> None:
    coupons._write = _without_unit
