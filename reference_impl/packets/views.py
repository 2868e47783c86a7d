"""What the cache holds of a paid packet: written after the database, never trusted with money (W09)."""

from collections.abc import Sequence
from typing import Any

import msgspec

from reference_impl.domain.errors import Refused
from reference_impl.domain.identifiers import PacketId
from reference_impl.domain.packet import Packet, Voucher
from reference_impl.packets import rows
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


class Shown(Opened, frozen=True):
    """The same with the person's name and picture (W13)."""

    nickname: str
    avatar: str


class Details(msgspec.Struct, frozen=True):
    """`nickname` and `avatar` are the sender's; `degraded` names what is shown by default for want of the true one."""

    packet: str
    sender: int
    kind: str
    total_fen: int
    shares: int
    state: str
    opens: list[Shown]
    luckiest: int | None
    nickname: str
    avatar: str
    blessing: str
    degraded: list[str]


def opened(voucher: Voucher) -> Opened:
    return Opened(voucher.person, voucher.amount_fen, voucher.sequence, voucher.made_us)


def write_packet(cache: Any, packet: Packet, made: Sequence[Voucher], tagged: bool) -> None:
    """Bring the cache up to what a transaction made of a packet; `cache` is a client or a pipeline."""
    fields: dict[str, Any] = {BODY: msgspec.json.encode(packet), LEFT: packet.remaining_shares}
    fields.update((person_field(v.person), msgspec.json.encode(opened(v))) for v in made)
    cache.hset(packet_key(packet.packet, tagged), mapping=fields)


def load_packet(system: System, at: PacketId) -> tuple[Packet, list[Voucher]] | None:
    """A packet and its opens from the database."""
    store = system.order_store(at)
    if store is None:
        return None

    def work(connection: Any) -> tuple[Packet, list[Voucher]] | None:
        packet = rows.read_packet(connection, at)
        return (packet, rows.opens_of(connection, at)) if packet else None

    return store.read(work)


def fill(system: System, at: PacketId) -> tuple[Packet, list[Voucher]]:
    """The packet from the database, put into the cache. Raises Refused: not_paid, unknown_packet."""
    loaded = load_packet(system, at)
    if loaded is None:
        raise Refused("not_paid" if preordered(system, str(at), at.tagged) else "unknown_packet", str(at))
    write_packet(system.cache, *loaded, at.tagged)
    return loaded
