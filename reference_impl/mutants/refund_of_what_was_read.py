from typing import Any

from reference_impl.domain import packet as domain
from reference_impl.domain.identifiers import PacketId
from reference_impl.domain.packet import Voucher
from reference_impl.mutants import Mutant
from reference_impl.packets import expiry, rows
from reference_impl.stores.layout import tables_of
from reference_impl.system import System


def _read_then_write(system: System, at: PacketId) -> Voucher | None:
    store = system.orders[at.region, at.shard]
    packet = store.read(lambda connection: rows.read_packet(connection, at))
    decided = domain.decide_refund(packet, store.read(store.now_us)) if packet else None
    if decided is None:
        return None
    voucher, after = decided

    def write(connection: Any) -> None:
        packets = tables_of(at).packets
        rows.insert_vouchers(connection, store, [voucher], at)
        closed = {"state": after.state, "remaining_fen": 0, "remaining_shares": 0}
        connection.execute(packets.update().where(packets.c.packet == voucher.packet).values(closed))

    store.write(write)
    return voucher


def _plant() -> None:
    expiry.refund = _read_then_write


MUTANT = Mutant(
    name="refund_of_what_was_read",
    row="W21",
    caught_by="refund_once_after_expiry",
    summary="the remainder is read in one transaction and refunded in another, while an open is between the two",
    seen_in="refund jobs that load a list of packets and then work it off",
    plant=_plant,
    world="expiry_race",
)
