"""What the cache holds of a paid packet: written after the database, never trusted with money (W09)."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from reference_impl.domain.errors import Refused
from reference_impl.domain.identifiers import PacketId
from reference_impl.domain.packet import OVER, Packet, Voucher, taken_shares
from reference_impl.packets import cold, rows
from reference_impl.packets.send import preordered
from reference_impl.stores.cache import CacheError, packet_key, person_field
from reference_impl.system import System

BODY: Final = "body"
HALF: Final = "half"
LEFT: Final = "left"
TAKEN: Final = "taken"
BESIDES_OPENS: Final = 3
"""Fields of a packet that are no opens: body or half, left, taken."""

# Writes come late and in any order: of bodies the one with the fewest shares left stands, opens add up. A body is shown
# once every open of it is there, until then readers look elsewhere. HSET takes a thousand values at a time: Lua's stack
# ends at 8,000.
_WRITE: Final = """
local key = KEYS[1]
local held = redis.call('HMGET', key, 'body', 'half', 'left', 'taken')
local body, left, taken = held[1] or held[2], held[3], held[4]
local besides_opens = body and 3 or 0
if not body or tonumber(ARGV[2]) <= tonumber(left) then
    body, left, taken = ARGV[1], ARGV[2], ARGV[3]
end
for first = 4, #ARGV, 1000 do
    redis.call('HSET', key, unpack(ARGV, first, math.min(first + 999, #ARGV)))
end
local whole = redis.call('HLEN', key) - besides_opens == tonumber(taken)
redis.call('HSET', key, whole and 'body' or 'half', body, 'left', left, 'taken', taken)
if held[whole and 2 or 1] then
    redis.call('HDEL', key, whole and 'half' or 'body')
end
"""


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
    """Bring the cache up to what a transaction made of a packet, in one round trip; `cache` is a client or a pipeline.

    What comes late changes nothing that is newer. Of a packet that was closed early `made` are all its opens.
    """
    lines = [text for v in made for text in (person_field(v.person), msgspec.json.encode(opened(v)))]
    body = msgspec.json.encode(packet)
    taken = taken_shares(packet, len(made))
    cache.eval(_WRITE, 1, packet_key(packet.packet, tagged), body, packet.remaining_shares, taken, *lines)


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


def fill(system: System, at: PacketId, *, cached: bool) -> tuple[Packet, list[Voucher]]:
    """The packet from the database, put into memory and, where it is to be `cached`, into the cache.

    Raises Refused: not_paid, unknown_packet; CacheError where nobody knows which of them.
    """
    asked_us = system.runtime.now_us()
    loaded = load_packet(system, at)
    if loaded is None:
        raise missing(system, at)
    system.memory.put(*loaded, asked_us)
    if cached and not system.controls.on("cache_write_off"):
        _write_if_it_answers(system, at, *loaded)
    return loaded


def missing(system: System, at: PacketId) -> Refused:
    """Why the database has not got a packet. Raises CacheError."""
    return Refused("not_paid" if preordered(system, str(at), at.tagged) else "unknown_packet", str(at))


def _write_if_it_answers(system: System, at: PacketId, packet: Packet, opens: Sequence[Voucher]) -> None:
    try:
        write_packet(system.cache, packet, opens, at.tagged)
    except CacheError:
        system.counts.add("cache_missed", "reader")
