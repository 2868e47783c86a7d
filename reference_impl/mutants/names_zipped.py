from collections.abc import Sequence

from reference_impl.domain.identifiers import PacketId
from reference_impl.domain.packet import Packet
from reference_impl.mutants import Mutant
from reference_impl.packets import details, dressing
from reference_impl.packets.views import Details, Opened
from reference_impl.system import System

_dressed = dressing.dressed


def _zipped(system: System, at: PacketId, packet: Packet, opens: Sequence[Opened]) -> Details:
    """Lines and the profiles that were found, side by side."""
    _, found = dressing._ornaments(system, at, [one.person for one in opens])
    return _dressed(system, at, packet, [one for one, _ in zip(opens, found.values(), strict=False)])


def _plant() -> None:
    details.dressed = _zipped


MUTANT = Mutant(
    name="names_zipped",
    caught_by="details_agree",
    summary="opens and the profiles that were found are zipped: the page ends where the first profile is missing",
    seen_in="multi-gets whose client leaves out what it did not find, read as if it had answered for every key",
    plant=_plant,
    world="lists",
    row="W18",
)
