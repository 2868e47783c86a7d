from typing import Any

import msgspec

from reference_impl.domain import packet as domain
from reference_impl.domain.packet import Packet, Voucher
from reference_impl.mutants import Mutant
from reference_impl.packets import expiry


def _trust_the_remainder(packet: Packet, now_us: int) -> str | None:
    return "void" if packet.state == "void" else "sold_out" if packet.remaining_shares == 0 else None


def _keep_the_remainder(packet: Packet, now_us: int) -> tuple[Voucher, Packet] | None:
    decided = _decide_refund(packet, now_us)
    if decided is None:
        return None
    voucher, after = decided
    return voucher, msgspec.structs.replace(
        after, remaining_fen=packet.remaining_fen, remaining_shares=packet.remaining_shares
    )


_decide_refund: Any = domain.decide_refund


def _plant() -> None:
    domain.refusal = _trust_the_remainder
    expiry.decide_refund = _keep_the_remainder


MUTANT = Mutant(
    name="refund_races_open",
    row="W21",
    caught_by="refund_once_after_expiry",
    summary="opening looks at the remainder only and the refund leaves it: a refund and a late open are both paid",
    seen_in="systems whose refund job and open path look at different columns",
    plant=_plant,
    world="expiry_race",
)
