from typing import Any

from reference_impl.mutants import Mutant
from reference_impl.packets import crediting
from reference_impl.stores import stream
from reference_impl.system import System


def _live_stream(cache: Any, name: str, tagged: bool, debt: stream.Debt) -> None:
    _add_debt(cache, name, False, debt)


def _no_questions(system: System, debt: stream.Debt, tagged: bool) -> None:
    system.ledger.credit(debt.sender, debt.vouchers, tagged)


_add_debt = stream.add_debt


def _plant() -> None:
    stream.add_debt = _live_stream
    crediting.credit = _no_questions


MUTANT = Mutant(
    name="tag_lost",
    caught_by="shadow_isolation",
    summary="the tag is not carried over the stream: what pressure traffic opened is credited to live accounts",
    seen_in="pressure tests whose mark lives in a header and ends where a message queue begins",
    plant=_plant,
    world="tagged",
)
