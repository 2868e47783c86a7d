from collections.abc import Sequence

from reference_impl.domain.packet import OpenRequest
from reference_impl.mutants import Mutant
from reference_impl.packets import group_commit
from reference_impl.packets import open as opening
from reference_impl.system import System

_serve_batch = opening.serve_batch


def _each_the_next_ones(system: System, packet: str, requests: Sequence[OpenRequest]) -> group_commit.Served:
    served = _serve_batch(system, packet, requests)
    return served._replace(answers=[*served.answers[1:], *served.answers[:1]])


def _plant() -> None:
    opening.serve_batch = _each_the_next_ones


MUTANT = Mutant(
    name="answers_shifted",
    row="W11",
    caught_by="no_lost_acknowledgement",
    summary="of those who share a transaction, each gets the answer of the next",
    seen_in="request batchers that match answers to callers by their place in a list that has changed",
    plant=_plant,
    world="hot_packet",
)
