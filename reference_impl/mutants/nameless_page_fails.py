from collections.abc import Sequence

from reference_impl.domain.identifiers import PacketId
from reference_impl.domain.packet import Packet
from reference_impl.mutants import Mutant
from reference_impl.packets import details, dressing
from reference_impl.packets.views import Details, Opened
from reference_impl.system import System

_dressed = dressing.dressed


def _or_nothing(system: System, at: PacketId, packet: Packet, opens: Sequence[Opened]) -> Details:
    page = _dressed(system, at, packet, opens)
    if "profiles" in page.degraded:
        raise LookupError(f"a profile of packet {at}")
    return page


def _plant() -> None:
    details.dressed = _or_nothing


MUTANT = Mutant(
    name="nameless_page_fails",
    caught_by="details_agree",
    summary="a nickname that neither the cache nor the profile service has makes the whole page of details fail",
    seen_in="pages whose every dependency is a strong one, because nobody had decided which are not",
    plant=_plant,
    world="lists",
    row="W13",
)
