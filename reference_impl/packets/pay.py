"""Pay: the sender's money into the packet's escrow, then the packet's row; two stores, no crash between them loses or
pays twice (Money rules 1 and 2)."""

import sqlalchemy as sa

from reference_impl.domain.days import closes_us
from reference_impl.domain.errors import Refused
from reference_impl.domain.identifiers import GENERATOR_SOURCE, PacketId
from reference_impl.domain.packet import Order, Packet, paid_packet, tombstone
from reference_impl.packets import cold, rows
from reference_impl.packets.dressing import remember_blessing
from reference_impl.packets.preorders import claim, remove
from reference_impl.packets.publish import publish_paid
from reference_impl.packets.send import preordered
from reference_impl.stores.cache import CacheError
from reference_impl.system import System


def pay(system: System, at: PacketId, sender: int) -> Packet:
    """Pay a preordered packet, once; paying again gives the same answer (W22).

    Raises Refused: no_preorder, unknown_packet, not_sender, insufficient_funds, key_bound, void.
    """
    store = system.order_store(at)
    if store is None:
        raise Refused("unknown_packet", str(at))
    if not system.breakers.may_try(store.name):  # no debit for a packet whose row cannot be made now (W04)
        raise Refused("unavailable", f"{store.name} rests")
    order = _order_of(system, at, sender)
    if order.sender != sender:
        raise Refused("not_sender")
    paid = system.ledger.pay(order, at.tagged)
    packet = establish(system, at, paid_packet(paid))
    remember_blessing(system, order, at)
    if packet.state == "void":
        raise Refused("void", str(at))
    return packet


def _order_of(system: System, at: PacketId, sender: int) -> Order:
    """The order, unpaid or paid. Raises Refused("no_preorder"), and CacheError where the cache may have it."""
    outage: CacheError | None = None
    order = None
    try:
        order = claim(system, at) if at.source == GENERATOR_SOURCE else preordered(system, str(at), at.tagged)
    except CacheError as error:
        outage = error
    order = order or system.ledger.paid_order(str(at), sender, at.tagged)
    if order is None:  # the same request, delivered twice, may have read the preorder before the cache lost it
        raise outage or Refused("no_preorder", str(at))
    return order


def establish(system: System, at: PacketId, packet: Packet) -> Packet:
    """Make the packet's row, or find the one that stands at its id; unknown_packet is refused for a foreign shard."""
    store = system.order_store(at)
    if store is None:
        raise Refused("unknown_packet", str(at))
    try:
        system.breakers.tried(store.name, lambda: store.write(lambda connection: _make(connection, system, packet, at)))
    except sa.exc.IntegrityError:
        standing = store.read(lambda connection: rows.read_packet(connection, at)) or cold.find(system, at)
        if standing is None:
            raise
        return standing
    except cold.Stands as found:
        return found.packet
    if packet.state == "paid":
        system.counts.add("paid", at.region)
    publish_paid(system, at, packet)
    return packet


def _make(connection: sa.Connection, system: System, packet: Packet, at: PacketId) -> None:
    """The packet's row takes the place of its preorder's, where that is in the database (W16).

    Once its day is cold, raises cold.Stands where the packet went there: it must not come again. The row is inserted
    before the cold store is asked, so that nobody can move the packet in between.
    """
    if not rows.insert_packet(connection, packet, at, until_us=closes_us(at.day, system.settings.hot_days)):
        rows.insert_packet(connection, packet, at)
        standing = cold.find(system, at)
        if standing is not None:
            raise cold.Stands(standing)
    if at.source == GENERATOR_SOURCE:
        remove(connection, at)


def settle_payment(system: System, order: Order, at: PacketId, now_us: int) -> str:
    """Finish a payment whose packet row is missing: `rebuilt` while it can be opened, `returned` after its time."""
    in_time = now_us < order.expires_us
    standing = establish(system, at, paid_packet(order) if in_time else tombstone(order))
    if standing.state != "void":
        return "rebuilt" if in_time else "standing"
    system.ledger.give_back(order, at.tagged)
    return "returned"
