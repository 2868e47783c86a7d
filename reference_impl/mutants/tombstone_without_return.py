from reference_impl.domain.identifiers import PacketId, parse_packet_id
from reference_impl.domain.packet import Order, paid_packet, tombstone
from reference_impl.mutants import Mutant
from reference_impl.packets import rows
from reference_impl.packets.pay import establish
from reference_impl.reconcile import payments
from reference_impl.system import System


def _only_the_tombstone(system: System, order: Order, at: PacketId, now_us: int) -> str:
    in_time = now_us < order.expires_us
    establish(system, at, paid_packet(order) if in_time else tombstone(order))
    return "rebuilt" if in_time else "returned"


def _has_no_row(system: System, order: Order) -> bool:
    at = parse_packet_id(order.packet)
    return system.orders[at.region, at.shard].read(lambda connection: rows.read_packet(connection, at)) is None


def _plant() -> None:
    payments.settle_payment = _only_the_tombstone
    payments._is_unfinished = _has_no_row


MUTANT = Mutant(
    name="tombstone_without_return",
    row="W05",
    caught_by="packet_funded_once",
    summary="a payment that came too late for its packet is marked as void, and its money never goes back",
    seen_in="order systems that cancel an unfinished order and leave the refund to a step that nobody triggers",
    plant=_plant,
    world="late_payment",
)
