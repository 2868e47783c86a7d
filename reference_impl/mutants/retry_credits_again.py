from reference_impl.mutants import Mutant
from reference_impl.mutants.other_keys import credit_under
from reference_impl.packets import crediting
from reference_impl.stores.stream import Debt
from reference_impl.system import System


def _a_key_an_attempt(system: System, debt: Debt, tagged: bool) -> None:
    credit_under(system, debt, tagged, f":{debt.attempts}" if debt.attempts else "")


def _plant() -> None:
    crediting.credit = _a_key_an_attempt


MUTANT = Mutant(
    name="retry_credits_again",
    row="W06",
    caught_by="exactly_once_credit",
    summary="a retry has an idempotency key of its own: what was credited and not answered is credited again",
    seen_in="retry queues that make a new request id for each attempt",
    plant=_plant,
    world="credit",
)
