from collections.abc import Sequence
from typing import Any

from reference_impl.domain.errors import Refused
from reference_impl.domain.identifiers import PacketId
from reference_impl.domain.packet import OpenDecisions, OpenRequest, Voucher
from reference_impl.mutants import Mutant
from reference_impl.packets import open as opening
from reference_impl.system import System

_open_packet = opening.open_packet
_open_in = opening._open_in


def _remember(
    connection: Any, system: System, store: Any, at: PacketId, requests: Sequence[OpenRequest]
) -> OpenDecisions | Any:
    decisions = _open_in(connection, system, store, at, requests)
    if isinstance(decisions, OpenDecisions) and not decisions.packet.remaining_shares:
        _sold_out(system).add(at)
    return decisions


def _by_memory(system: System, at: PacketId, person: int, client_key: str) -> Voucher:
    if at in _sold_out(system):
        raise Refused("sold_out")
    return _open_packet(system, at, person, client_key)


def _sold_out(system: System) -> set[PacketId]:
    """In the memory of one process, which ends with it."""
    packets: set[PacketId] = vars(system.opens).setdefault("sold_out", set())
    return packets


def _plant() -> None:
    opening._open_in = _remember
    opening.open_packet = _by_memory


MUTANT = Mutant(
    name="sold_out_remembered",
    row="W12",
    caught_by="idempotent_requests",
    summary="a process remembers for ever that a packet is sold out, and says so to those who opened it, too",
    seen_in="flash sales with a local map of sold-out goods, set to spare Redis the requests and never reset",
    plant=_plant,
    world="hot_packet",
)
