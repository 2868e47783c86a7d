from reference_impl.domain.scenes import Scene
from reference_impl.mutants import Mutant
from reference_impl.system import System
from reference_impl.wallet import award as awarding
from reference_impl.wallet.award import Award, AwardRequest, Given, Orders
from reference_impl.wallet.desk import Desk

_written = awarding._written


def _short(system: System, desk: Desk, scene: Scene, orders: Orders, request: AwardRequest, counted: bool) -> Given:
    if not system.controls.on("shortest_path"):
        return _written(system, desk, scene, orders, request, counted)
    order, before = orders.new, awarding._standing(system, desk, orders.standing)
    if before is not None:
        return awarding._same(*before, request.amount_fen, "accepted")
    made = Award(str(order), request.amount_fen, 0, system.runtime.now_us())
    awarding._insert(desk, order, made, request.app)
    awarding._credited(system, desk, order, made)
    return Given(made.order, made.amount_fen, "credited")


def _plant() -> None:
    awarding._written = _short


MUTANT = Mutant(
    name="shortest_path_unbudgeted",
    caught_by="within_budget",
    summary="the shortest path leaves the budget out, as if it were one of the dependencies that can be spared",
    seen_in="degraded paths written in a hurry, which skip the checks along with the calls",
    plant=_plant,
    world="dependencies",
    row="B11",
)
