"""Pay: the sender's money into the packet's escrow, then the packet's row; two stores, no crash between them loses or
pays twice (Money rules 1 and 2)."""

import sqlalchemy as sa

from reference_impl.domain.errors import Refused
from reference_impl.domain.identifiers import PacketId
from reference_impl.domain.packet import Order, Packet, paid_packet, tombstone
from reference_impl.packets import rows
from reference_impl.packets.dressing import remember_blessing
from reference_impl.packets.publish import publish_paid
from reference_impl.packets.send import preordered
from reference_impl.system import System


def pay(system: System, at: PacketId, sender: int) -> Packet:
    """Pay a preordered packet, once; paying again gives the same answer (W22).

    Raises Refused: no_preorder, unknown_packet, not_sender, insufficient_funds, key_bound, void.
    """
    order = preordered(system, str(at), at.tagged) or system.ledger.paid_order(str(at), sender, at.tagged)
    if order is None:  # the same request, delivered twice, may have read the preorder before the cache lost it
        raise Refused("no_preorder", str(at))
    if order.sender != sender:
        raise Refused("not_sender")
    paid = system.ledger.pay(order, at.tagged)
    packet = establish(system, at, paid_packet(paid))
    remember_blessing(system, order, at)
    if packet.state == "void":
        raise Refused("void", str(at))
    return packet


def establish(system: System, at: PacketId, packet: Packet) -> Packet:
    """Make the packet's row, or find the one that stands at its id; unknown_packet is refused for a foreign shard."""
    store = system.order_store(at)
    if store is None:
        raise Refused("unknown_packet", str(at))
    try:
        store.write(lambda connection: rows.insert_packet(connection, packet, at))
    except sa.exc.IntegrityError:
        standing = store.read(lambda connection: rows.read_packet(connection, at))
        if standing is None:
            raise
        return standing
    publish_paid(system, at, packet)
    return packet


def settle_payment(system: System, order: Order, at: PacketId, now_us: int) -> str:
    """Finish a payment whose packet row is missing: `rebuilt` while it can be opened, `returned` after its time."""
    in_time = now_us < order.expires_us
    standing = establish(system, at, paid_packet(order) if in_time else tombstone(order))
    if standing.state != "void":
        return "rebuilt" if in_time else "standing"
    system.ledger.give_back(order, at.tagged)
    return "returned"
