from reference_impl.domain.identifiers import PacketId, parse_packet_id
from reference_impl.domain.packet import Order, paid_packet
from reference_impl.mutants import Mutant
from reference_impl.packets import rows
from reference_impl.packets.pay import establish
from reference_impl.reconcile import payments
from reference_impl.system import System


def _only_the_money(system: System, order: Order, at: PacketId, now_us: int) -> str:
    if now_us < order.expires_us:
        establish(system, at, paid_packet(order))
        return "rebuilt"
    system.ledger.give_back(order, at.tagged)
    return "returned"


def _has_neither(system: System, order: Order) -> bool:
    at = parse_packet_id(order.packet)
    packet = system.orders[at.region, at.shard].read(lambda connection: rows.read_packet(connection, at))
    return packet is None and not system.ledger.is_given_back(order, at.tagged)


def _plant() -> None:
    payments.settle_payment = _only_the_money
    payments._is_unfinished = _has_neither


MUTANT = Mutant(
    name="return_without_tombstone",
    row="W05",
    caught_by="packet_funded_once",
    summary="the money of a payment without packet goes back, and the packet's delayed insert comes after it",
    seen_in="time-out jobs that refund an order which a slow worker then completes",
    plant=_plant,
    world="late_payment",
)
