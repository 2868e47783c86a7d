"""Details: who opened what and who was luckiest, at once, credited or not (W07)."""

from collections.abc import Sequence

from reference_impl.domain.identifiers import PacketId
from reference_impl.domain.packet import Packet
from reference_impl.packets import levels
from reference_impl.packets.views import Details, Opened
from reference_impl.system import System


def details(system: System, at: PacketId) -> Details:
    """The packet as its people see it. Raises Refused: unknown_packet, not_paid, limited."""
    return _details(*levels.whole(system, at))


def _details(packet: Packet, opens: Sequence[Opened]) -> Details:
    finished = packet.state == "exhausted"
    luckiest = max(opens, key=lambda one: (one.amount_fen, -one.sequence)).person if finished and opens else None
    return Details(
        packet.packet,
        packet.sender,
        packet.kind,
        packet.total_fen,
        packet.shares,
        packet.state,
        list(opens),
        luckiest,
    )
