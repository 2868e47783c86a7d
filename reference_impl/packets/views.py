"""What the cache holds of a paid packet: written after the database, never trusted with money (W09)."""

from collections.abc import Sequence
from typing import Any

import msgspec

from reference_impl.domain.errors import Refused
from reference_impl.domain.identifiers import PacketId
from reference_impl.domain.packet import OVER, Packet, Voucher
from reference_impl.packets import cold, rows
from reference_impl.packets.send import preordered
from reference_impl.stores.cache import packet_key, person_field
from reference_impl.system import System

BODY = "body"
LEFT = "left"


class Opened(msgspec.Struct, frozen=True):
    """One line of the details page."""

    person: int
    amount_fen: int
    sequence: int
    opened_us: int


class Details(msgspec.Struct, frozen=True):
    packet: str
    sender: int
    kind: str
    total_fen: int
    shares: int
    state: str
    opens: list[Opened]
    luckiest: int | None


def opened(voucher: Voucher) -> Opened:
    return Opened(voucher.person, voucher.amount_fen, voucher.sequence, voucher.made_us)


def write_packet(cache: Any, packet: Packet, made: Sequence[Voucher], tagged: bool) -> None:
    """Bring the cache up to what a transaction made of a packet; `cache` is a client or a pipeline."""
    fields: dict[str, Any] = {BODY: msgspec.json.encode(packet), LEFT: packet.remaining_shares}
    fields.update((person_field(v.person), msgspec.json.encode(opened(v))) for v in made)
    cache.hset(packet_key(packet.packet, tagged), mapping=fields)


def load_packet(system: System, at: PacketId) -> tuple[Packet, list[Voucher]] | None:
    """A packet and its opens from the database, hot or cold."""
    store = system.order_store(at)
    if store is None:
        return None

    def work(connection: Any) -> tuple[Packet, list[Voucher]] | None:
        packet = rows.read_packet(connection, at)
        if packet is None:
            return None
        opens = rows.opens_of(connection, at)
        # what is over may have left for the cold store between the two
        stays = packet.state not in OVER or rows.read_packet(connection, at) is not None
        return (packet, opens) if stays else None

    return store.read(work) or cold.load(system, at)


def fill(system: System, at: PacketId) -> tuple[Packet, list[Voucher]]:
    """The packet from the database, put into the cache. Raises Refused: not_paid, unknown_packet."""
    loaded = load_packet(system, at)
    if loaded is None:
        raise Refused("not_paid" if preordered(system, str(at), at.tagged) else "unknown_packet", str(at))
    write_packet(system.cache, *loaded, at.tagged)
    return loaded
