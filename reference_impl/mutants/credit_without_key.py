from reference_impl.mutants import Mutant
from reference_impl.mutants.other_keys import credit_under
from reference_impl.mutants.weather import every_message_twice
from reference_impl.packets import crediting
from reference_impl.stores.stream import Debt
from reference_impl.system import System


def _under_a_new_key(system: System, debt: Debt, tagged: bool) -> None:
    credit_under(system, debt, tagged, f":{system.runtime.now_us()}")


def _plant() -> None:
    crediting.credit = _under_a_new_key


MUTANT = Mutant(
    name="credit_without_key",
    row="W06",
    caught_by="exactly_once_credit",
    summary="each delivery of a message credits under a key of its own, so that a second delivery pays a second time",
    seen_in="consumers that call 'add to balance' for every message of an at-least-once queue",
    plant=_plant,
    beside="lost_stream_write",
    weather=every_message_twice,
    world="credit",
)
