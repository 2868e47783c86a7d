"""Details: who opened what and who was luckiest, at once, credited or not (W07)."""

from reference_impl.domain.identifiers import PacketId
from reference_impl.packets import levels
from reference_impl.packets.dressing import dressed
from reference_impl.packets.views import Details
from reference_impl.system import System


def details(system: System, at: PacketId) -> Details:
    """The packet as its people see it. Raises Refused: unknown_packet, not_paid, limited."""
    return dressed(system, at, *levels.whole(system, at))
