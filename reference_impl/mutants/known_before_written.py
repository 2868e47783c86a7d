from reference_impl.domain.scenes import Scene
from reference_impl.mutants import Mutant
from reference_impl.system import System
from reference_impl.wallet import award as awarding
from reference_impl.wallet import sparing
from reference_impl.wallet.award import AwardRequest, Given, Orders
from reference_impl.wallet.desk import Desk


def _by_row(
    system: System, desk: Desk, scene: Scene, orders: Orders, request: AwardRequest, *, counted: bool = False
) -> Given:
    order = orders.new
    known_fen = sparing.known_fen(system, desk, order)
    if known_fen is not None:
        return awarding._same(order, known_fen, request.amount_fen, "accepted")
    sparing.note(system, desk, order, request.amount_fen)
    with sparing.one_at_a_time(system, desk, order.act):
        return awarding._written(system, desk, scene, orders, request, counted)


def _plant() -> None:
    awarding._by_row = _by_row


MUTANT = Mutant(
    name="known_before_written",
    caught_by="no_lost_award",
    summary="the KV store is told that an order was given before its row is written, and believed when it is asked",
    seen_in="flash-sale code that marks a request in Redis with SETNX and then loses the database write",
    plant=_plant,
    world="dependencies",
    row="B10",
)
