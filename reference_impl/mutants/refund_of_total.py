import msgspec

from reference_impl.domain import packet as domain
from reference_impl.domain.packet import Packet, Voucher
from reference_impl.mutants import Mutant
from reference_impl.packets import expiry


def _everything(packet: Packet, now_us: int) -> tuple[Voucher, Packet] | None:
    decided = domain.decide_refund(packet, now_us)
    if decided is None:
        return None
    voucher, after = decided
    return msgspec.structs.replace(voucher, amount_fen=packet.total_fen), after


def _plant() -> None:
    expiry.decide_refund = _everything


MUTANT = Mutant(
    name="refund_of_total",
    row="W21",
    caught_by="refund_once_after_expiry",
    summary="the refund returns what was paid and not what is left",
    seen_in="refund jobs that call the payment service's 'refund order' with the order's amount",
    plant=_plant,
    world="refund",
)
