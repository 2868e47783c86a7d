from typing import Any

from reference_impl.mutants import Mutant
from reference_impl.packets import crediting
from reference_impl.stores import stream
from reference_impl.system import System


def _live_stream(client: Any, topic: stream.Topic, tagged: bool, body: stream.Body) -> None:
    _add(client, topic, False, body)


def _no_questions(system: System, debt: stream.Debt, tagged: bool) -> None:
    system.ledger.credit(debt.sender, debt.vouchers, tagged)


_add = stream.add


def _plant() -> None:
    stream.add = _live_stream
    crediting.credit = _no_questions


MUTANT = Mutant(
    name="tag_lost",
    row="B20",
    caught_by="shadow_isolation",
    summary="the tag is not carried over the stream: what pressure traffic opened is credited to live accounts",
    seen_in="pressure tests whose mark lives in a header and ends where a message queue begins",
    plant=_plant,
    world="tagged",
)
