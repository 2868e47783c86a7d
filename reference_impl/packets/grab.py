"""Grab (抢): asks the cache whether opening is worth trying; decides nothing about money (W12)."""

from reference_impl.domain.errors import Refused
from reference_impl.domain.identifiers import PacketId
from reference_impl.domain.packet import refusal
from reference_impl.packets import levels
from reference_impl.system import System


def grab(system: System, at: PacketId, person: int) -> None:
    """Return where opening is worth trying. What is hopeless stops here, and of the rest so many as may (W12).

    Raises Refused: already_opened, sold_out, expired, void, not_paid, unknown_packet, limited.
    """
    packet, has_opened = levels.glance(system, at, person)
    if has_opened:
        raise Refused("already_opened")
    reason = refusal(packet, system.runtime.now_us())
    if reason is not None:
        raise Refused(reason)
    system.limits.take("grab_per_s")
