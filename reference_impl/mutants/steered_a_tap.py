"""Breaks W22: a key that was steered a moment ago is not steered anew."""

from dataclasses import replace

from reference_impl.domain.packet import Order
from reference_impl.mutants import Mutant
from reference_impl.packets import send
from reference_impl.packets.recent import Recent
from reference_impl.packets.send import SendRequest
from reference_impl.system import System

_region = send._region


def _steered_anew(system: System, request: SendRequest, wanted: Order, tagged: bool) -> str:
    return _region(replace(system, steered=Recent(system.runtime)), request, wanted, tagged)


def _plant() -> None:
    send._region = _steered_anew


MUTANT = Mutant(
    name="steered_a_tap",
    caught_by="idempotent_requests",
    summary="only the cache knows where a key was steered to: of two taps one goes to another city and one stays (W22)",
    seen_in="this implementation, until a night on two regions lost a cache while somebody tapped twice",
    plant=_plant,
    world="two_taps",
    row="W22",
)
