import msgspec

from reference_impl.domain.errors import Refused
from reference_impl.domain.identifiers import PacketId
from reference_impl.domain.packet import Packet, paid_packet
from reference_impl.mutants import Mutant
from reference_impl.packets import pay as paying
from reference_impl.system import System


def _row_first(system: System, at: PacketId, sender: int) -> Packet:
    order = paying.preordered(system, str(at), at.tagged) or system.ledger.paid_order(str(at), sender, at.tagged)
    if order is None or order.sender != sender:
        raise Refused("no_preorder", str(at))
    now_us = system.runtime.now_us()
    timed = msgspec.structs.replace(order, paid_us=now_us, expires_us=now_us + order.lifetime_us)
    packet = paying.establish(system, at, paid_packet(timed))
    system.ledger.pay(order, at.tagged)
    return packet


def _plant() -> None:
    paying.pay = _row_first


MUTANT = Mutant(
    name="packet_before_money",
    row="W05",
    caught_by="packet_funded_once",
    summary="the packet's row is written before the money has moved: who cannot pay has a packet all the same",
    seen_in="order services that save the order as paid and call the payment service afterwards",
    plant=_plant,
    world="pay_and_crash",
)
