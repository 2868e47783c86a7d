from contextlib import suppress

import sqlalchemy as sa

from reference_impl.domain.scenes import Scene
from reference_impl.mutants import Mutant
from reference_impl.system import System
from reference_impl.wallet import award as awarding
from reference_impl.wallet.award import AwardRequest, Given, Orders
from reference_impl.wallet.desk import Desk

_insert = awarding._insert


def _written(system: System, desk: Desk, scene: Scene, orders: Orders, request: AwardRequest, counted: bool) -> Given:
    order, before = orders.new, awarding._standing(system, desk, orders.standing)
    if before is not None:
        return awarding._same(*before, request.amount_fen, "accepted")
    number = desk.budgets.take(scene, order.stage, request.amount_fen, order.tagged)
    made = awarding.Award(str(order), request.amount_fen, number, system.runtime.now_us())
    with suppress(sa.exc.IntegrityError):  # it cannot be another's: the person is locked
        _insert(desk, order, made, request.app)
    awarding._credited(system, desk, order, made)
    return Given(made.order, made.amount_fen, "credited")


def _plant() -> None:
    awarding._written = _written


MUTANT = Mutant(
    name="lock_in_place_of_key",
    caught_by="idempotent_orders",
    summary="under the person's lock a duplicate is thought impossible, and answered as if it were the first",
    seen_in="services that take a Redis lock and treat DuplicateKeyException as their own retry",
    plant=_plant,
    world="dependencies",
    row="B10",
)
