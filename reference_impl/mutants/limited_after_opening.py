from reference_impl.domain.identifiers import PacketId
from reference_impl.domain.packet import OpenRequest, Voucher
from reference_impl.mutants import Mutant
from reference_impl.packets import open as opening
from reference_impl.system import System


def _limited_late(system: System, at: PacketId, person: int, client_key: str) -> Voucher:
    voucher: Voucher = system.opens.submit(str(at), OpenRequest(person, client_key))
    system.limits.take("open_per_s", (str(at), person, client_key))
    return voucher


def _plant() -> None:
    opening.open_packet = _limited_late


MUTANT = Mutant(
    name="limited_after_opening",
    caught_by="no_phantom",
    summary="the limiter stands behind the open: who is told to come again later has taken a share (W12)",
    seen_in="rate limiting as a response filter, which counts answers instead of requests",
    plant=_plant,
    world="limits",
    row="W12",
)
