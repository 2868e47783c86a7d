from reference_impl.domain.orders import OrderNumber
from reference_impl.mutants import Mutant
from reference_impl.wallet import award as awarding
from reference_impl.wallet.award import Given, State


def _as_asked(order: OrderNumber, standing_fen: int, asked_fen: int, state: State, token: str = "") -> Given:
    return Given(str(order), asked_fen, state, token)


def _plant() -> None:
    awarding._same = _as_asked


MUTANT = Mutant(
    name="amount_not_compared",
    caught_by="idempotent_orders",
    summary="who asks again under an order number is told the amount that they ask for, not the one that stands",
    seen_in="idempotency layers that answer 'done' from the request instead of from the record",
    plant=_plant,
    world="budget",
    row="B06",
)
