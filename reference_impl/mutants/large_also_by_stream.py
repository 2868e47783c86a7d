"""W19: every way credits under one key."""

from collections.abc import Sequence

from reference_impl.domain.packet import Voucher
from reference_impl.mutants import Mutant
from reference_impl.mutants.other_keys import credit_under
from reference_impl.packets import crediting
from reference_impl.stores.stream import Debt
from reference_impl.system import System

_owe = crediting.owe


def _under_its_own_key(system: System, sender: int, voucher: Voucher, tagged: bool) -> None:
    credit_under(system, Debt(sender, [voucher]), tagged, ":now")


def _owe_all(system: System, sender: int, owed: Sequence[Voucher], _now: Sequence[Voucher], tagged: bool) -> None:
    _owe(system, sender, owed, (), tagged)


def _plant() -> None:
    crediting.credit_now = _under_its_own_key
    crediting.owe = _owe_all


MUTANT = Mutant(
    name="large_also_by_stream",
    caught_by="exactly_once_credit",
    summary="what is large is credited with its open under a key of that way, and again by the stream",
    seen_in="payments with a fast and a slow channel, each with a request id of its own",
    plant=_plant,
    world="credit_levels",
    row="W19",
)
