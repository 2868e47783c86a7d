from collections.abc import Sequence
from typing import Any

import msgspec

from reference_impl.domain import packet as domain
from reference_impl.domain.identifiers import PacketId
from reference_impl.domain.packet import Packet, Voucher
from reference_impl.mutants import Mutant
from reference_impl.mutants.check_then_insert import without_unique_key
from reference_impl.packets import expiry, rows

_decide_refund = domain.decide_refund
_insert_vouchers = rows.insert_vouchers
_refunded: set[str] = set()
_seen: set[str] = set()


def _forget_to_finish(packet: Packet, now_us: int) -> tuple[Voucher, Packet] | None:
    """The first refund of a packet leaves it due; the second finishes it."""
    decided = _decide_refund(packet, now_us)
    if decided is None or packet.packet in _refunded:
        return decided
    _refunded.add(packet.packet)
    voucher, _ = decided
    return voucher, packet


def _insert_another(connection: Any, store: Any, made: Sequence[Voucher], at: PacketId) -> None:
    """A second refund gets a voucher id of its own."""
    again = [v for v in made if v.sequence == domain.REFUND_SEQUENCE and v.voucher in _seen]
    _seen.update(v.voucher for v in made)
    renamed = [msgspec.structs.replace(v, sequence=-1) if v in again else v for v in made]
    _insert_vouchers(connection, store, renamed, at)


def _plant() -> None:
    without_unique_key()
    expiry.decide_refund = _forget_to_finish
    rows.insert_vouchers = _insert_another


MUTANT = Mutant(
    name="refund_twice",
    caught_by="refund_once_after_expiry",
    summary="the refund does not finish the packet, so that the next sweep refunds it again",
    seen_in="refund jobs that select by date and never read how many rows their UPDATE changed",
    plant=_plant,
)
