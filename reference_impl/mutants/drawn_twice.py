from typing import Any

import msgspec

from reference_impl.domain import packet as domain
from reference_impl.domain.packet import OpenDecisions
from reference_impl.mutants import Mutant
from reference_impl.packets import open as opening


def _once_to_write_and_once_to_tell(*asked: Any) -> OpenDecisions:
    written, told = domain.decide_opens(*asked), domain.decide_opens(*asked)
    return msgspec.structs.replace(written, answers=told.answers)


def _plant() -> None:
    opening.decide_opens = _once_to_write_and_once_to_tell


MUTANT = Mutant(
    name="drawn_twice",
    row="W11",
    caught_by="no_lost_acknowledgement",
    summary="the amount is drawn once for the row and once more for the answer",
    seen_in="code that calls the random function where it saves the record and again where it builds the response",
    plant=_plant,
    world="hot_packet",
)
