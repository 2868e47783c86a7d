"""Send: a preorder, in the cache only, until it is paid (W05)."""

import msgspec

from reference_impl.domain.errors import Refused
from reference_impl.domain.identifiers import COUNTER_SOURCE, MOST_PERSON, PacketId
from reference_impl.domain.packet import Order, check_order
from reference_impl.stores import cache as keys
from reference_impl.system import System

REGION_OF_ACCESS = "south"
"""Where a packet goes whose sender names no region."""


class SendRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    sender: int
    kind: str
    total_fen: int
    shares: int
    region: str = REGION_OF_ACCESS
    expires_in_ms: int | None = None
    blessing: str = ""
    steered: bool = False
    """Said between processes: `region` is where the packet goes."""


def send(system: System, request: SendRequest, client_key: str, tagged: bool) -> Order:
    """Preorder a packet; the same key gets the same packet (W22). Raises Refused, CacheError."""
    _check(system, request)
    wanted = _order(system, request, client_key)
    standing = _standing(system, wanted, tagged)
    if standing is None:
        order = msgspec.structs.replace(wanted, packet=_new_packet_id(system, request.region, tagged))
        lasts_s = system.settings.preorder_s
        system.cache.set(keys.preorder_key(order.packet, tagged), msgspec.json.encode(order), ex=lasts_s)
        mine = system.cache.set(keys.send_key(order.sender, client_key, tagged), order.packet, nx=True, ex=lasts_s)
        standing = order if mine else _standing(system, wanted, tagged) or order
    if msgspec.structs.replace(standing, packet="") != wanted:
        raise Refused("key_bound", "this key sent another packet")
    return standing


def preordered(system: System, packet: str, tagged: bool) -> Order | None:
    """The order of an unpaid packet, while the cache has it. Raises CacheError."""
    body = system.cache.get(keys.preorder_key(packet, tagged))
    return msgspec.json.decode(str(body), type=Order) if body else None


def _check(system: System, request: SendRequest) -> None:
    check_order(request.kind, request.total_fen, request.shares, system.settings.max_shares)
    if (request.region, 0) not in system.orders:
        raise Refused("bad_request", f"region {request.region!r}")
    if not 1 <= request.sender <= MOST_PERSON:
        raise Refused("bad_request", f"sender is outside 1 to {MOST_PERSON}")
    if request.expires_in_ms is not None and not 1 <= request.expires_in_ms <= system.settings.lifetime_ms:
        raise Refused("bad_request", f"expires_in_ms is outside 1 to {system.settings.lifetime_ms}")


def _order(system: System, request: SendRequest, client_key: str) -> Order:
    lifetime_ms = request.expires_in_ms or system.settings.lifetime_ms
    return Order(
        packet="",
        sender=request.sender,
        kind=request.kind,
        total_fen=request.total_fen,
        shares=request.shares,
        client_key=client_key,
        lifetime_us=lifetime_ms * 1000,
        blessing=request.blessing,
    )


def _standing(system: System, wanted: Order, tagged: bool) -> Order | None:
    packet = system.cache.get(keys.send_key(wanted.sender, wanted.client_key, tagged))
    return preordered(system, str(packet), tagged) if packet else None


def _new_packet_id(system: System, region: str, tagged: bool) -> str:
    epoch, number = system.numbers.next(tagged)
    shard = number % system.settings.order_shards
    day = system.runtime.today()
    return str(PacketId(region, tagged, COUNTER_SOURCE, day, shard, epoch, number))
