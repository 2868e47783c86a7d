"""Send: a preorder, in the cache only, until it is paid (W05); in the order database where the cache fails (W16)."""

import logging
from typing import Final

import msgspec

from reference_impl.domain.errors import Refused
from reference_impl.domain.identifiers import (
    COUNTER_SOURCE,
    GENERATOR_SOURCE,
    MOST_PERSON,
    REGION_DIGITS,
    PacketId,
    parse_packet_id,
)
from reference_impl.domain.packet import Order, check_order
from reference_impl.domain.steering import spread
from reference_impl.packets import elsewhere, preorders, steering
from reference_impl.resilience.breaker import CACHE
from reference_impl.stores import cache as keys
from reference_impl.stores.cache import CacheError
from reference_impl.system import System

log = logging.getLogger(__name__)
REGION_OF_ACCESS: Final = "south"
"""The access point of a sender who names none."""


class SendRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    sender: int
    kind: str
    total_fen: int
    shares: int
    region: str = REGION_OF_ACCESS
    """The sender's access point; where the packet goes is steered (W03)."""
    expires_in_ms: int | None = None
    blessing: str = ""
    steered: bool = False
    """Said between processes: `region` is where the packet goes."""
    face_to_face: bool = False
    """Whether the sender is told a code (W23)."""


def send(system: System, request: SendRequest, client_key: str, tagged: bool) -> Order:
    """Preorder a packet; the same key gets the same packet, wherever new ones go by now (W22).

    Raises Refused, also "limited" before anything is done; database errors mean that it may have happened.
    """
    system.limits.take("send_per_s")
    _check(system, request)
    wanted = _order(system, request, client_key)
    bound = system.ledger.bound_packet(wanted.sender, wanted.client_key, tagged)
    if bound is not None:
        order = _by_ledger(system, request, wanted, bound, tagged)
    else:
        order = _by_cache(system, request, wanted, tagged) or _by_database(system, request, wanted, tagged)
    if msgspec.structs.replace(order, packet="", paid_us=0, expires_us=0) != wanted:
        raise Refused("key_bound", "this key sent another packet")
    return order


def preordered(system: System, packet: str, tagged: bool) -> Order | None:
    """The order of an unpaid packet, while its store has it. Raises CacheError, database errors."""
    at = parse_packet_id(packet)
    if at.source == GENERATOR_SOURCE:
        return preorders.read(system, at)
    body = system.cache.get(keys.preorder_key(packet, tagged))
    return msgspec.json.decode(str(body), type=Order) if body else None


def _by_ledger(system: System, request: SendRequest, wanted: Order, bound: str, tagged: bool) -> Order:
    """The order of the packet that the key is bound to; that is final, whatever the cache knows (Money rule 2)."""
    at = parse_packet_id(bound)
    if at.region not in system.settings.regions_served:
        return _elsewhere(system, at.region, request, wanted, tagged)
    paid = system.ledger.paid_order(bound, wanted.sender, tagged)  # unpaid, a sweeper may have removed it since
    return paid or preorders.read(system, at) or _insert(system, wanted, at)


def _by_cache(system: System, request: SendRequest, wanted: Order, tagged: bool) -> Order | None:
    """The order as the cache has or gets it; None where it does not answer or is switched off (W16)."""
    if system.controls.on("order_database") or not system.breakers.may_try(CACHE):
        return None
    try:
        return system.breakers.tried(CACHE, lambda: _cached(system, request, wanted, tagged))
    except CacheError as error:
        log.warning("the order cache does not answer: %s", error)
        return None


def _cached(system: System, request: SendRequest, wanted: Order, tagged: bool) -> Order:
    key = keys.send_key(wanted.sender, wanted.client_key, tagged)
    known = _text(system.cache.get(key))  # a packet's id, or the region that was asked to make one
    standing = _in_cache(system, known, tagged)
    if standing is not None:
        return _first(system, standing, key, tagged)
    region = known if known in REGION_DIGITS else _region(system, request, wanted, tagged)
    if region in system.settings.regions_served:
        order = msgspec.structs.replace(wanted, packet=_numbered_by_cache(system, region, tagged))
        return _keep(system, order, key, tagged) or _cached(system, request, wanted, tagged)
    standing = _in_cache(system, _claim(system, key, region), tagged)
    if standing is not None:
        return _first(system, standing, key, tagged)
    return _elsewhere(system, region, request, wanted, tagged)


def _by_database(system: System, request: SendRequest, wanted: Order, tagged: bool) -> Order:
    """The order as the order database has or gets it. Its row stands before its key is bound: what no key leads to is
    swept, and a key that leads to nothing is never seen."""
    region = _region(system, request, wanted, tagged)
    if region not in system.settings.regions_served:
        return _elsewhere(system, region, request, wanted, tagged)
    made = _insert(system, wanted, _numbered_by_generator(system, region, wanted, tagged))
    first = _remembered(system, made, tagged)
    if first.packet != made.packet:
        return first
    bound = system.ledger.bind_key(wanted.sender, wanted.client_key, made.packet, tagged)
    return made if bound == made.packet else _by_ledger(system, request, wanted, bound, tagged)


def _region(system: System, request: SendRequest, wanted: Order, tagged: bool) -> str:
    """Where a key goes that nobody knows: once it was steered, there again for a while, lest of two taps at once one
    stays and the other goes elsewhere (W22)."""
    if request.steered:
        return request.region
    region = steering.region_for(system, request.region, wanted.sender, wanted.client_key)
    return system.steered.first(wanted.sender, wanted.client_key, tagged, region)


def _text(told: object) -> str | None:
    return str(told) if told else None


def _in_cache(system: System, known: str | None, tagged: bool) -> Order | None:
    return preordered(system, known, tagged) if known and known not in REGION_DIGITS else None


def _elsewhere(system: System, region: str, request: SendRequest, wanted: Order, tagged: bool) -> Order:
    """The processes of that region preorder it: they are told that it is steered, and pass it on to nobody.

    Raises Refused; "unavailable" also where the key got a packet of another region since: who asks again is told.
    """
    if request.steered and region != request.region:
        raise Refused("unavailable", f"it got a packet of {region}")
    if request.steered or region not in system.settings.links:
        raise Refused("bad_request", f"region {region!r} is not served here")
    return msgspec.structs.replace(
        wanted, packet=elsewhere.send_elsewhere(system, region, request, wanted.client_key, tagged)
    )


def _keep(system: System, order: Order, key: str, tagged: bool) -> Order | None:
    """Put an order into the cache, or find the one that the same key got meanwhile; None where that went elsewhere."""
    lasts_s = system.settings.preorder_s
    system.cache.set(keys.preorder_key(order.packet, tagged), msgspec.json.encode(order), ex=lasts_s)
    known = _claim(system, key, order.packet)
    if known in REGION_DIGITS and known not in system.settings.regions_served:
        return None
    if known != order.packet:
        standing = _in_cache(system, known, tagged)
        if standing is not None:
            return _first(system, standing, key, tagged)
    system.counts.add("preordered", parse_packet_id(order.packet).region, "counter")
    return _first(system, order, key, tagged)


def _claim(system: System, key: str, got: str) -> str:
    """What the cache says the key has got: this, where it had nothing."""
    first = system.cache.set(key, got, nx=True, ex=system.settings.preorder_s)
    return got if first else _text(system.cache.get(key)) or got


def _first(system: System, order: Order, key: str, tagged: bool) -> Order:
    """The order that this process told first. Where that is another one the cache had lost it, or never knew it."""
    first = _remembered(system, order, tagged)
    if first.packet != order.packet:
        lasts_s = system.settings.preorder_s
        if parse_packet_id(first.packet).source == COUNTER_SOURCE:
            system.cache.set(keys.preorder_key(first.packet, tagged), msgspec.json.encode(first), ex=lasts_s)
        system.cache.set(key, first.packet, ex=lasts_s)
    return first


def _remembered(system: System, order: Order, tagged: bool) -> Order:
    """The order that its key got in this process a moment ago: this one, where there was none."""
    return system.recent.first(order.sender, order.client_key, tagged, order)


def _insert(system: System, wanted: Order, at: PacketId) -> Order:
    order = preorders.insert(system, msgspec.structs.replace(wanted, packet=str(at)), at)
    system.counts.add("preordered", at.region, "generator")
    return order


def _numbered_by_cache(system: System, region: str, tagged: bool) -> str:
    epoch, number = system.numbers.next(tagged)
    shard = number % system.settings.order_shards
    return str(PacketId(region, tagged, COUNTER_SOURCE, system.runtime.today(), shard, epoch, number))


def _numbered_by_generator(system: System, region: str, wanted: Order, tagged: bool) -> PacketId:
    """The shard follows from the key, so that a retry meets the row that stands."""
    epoch, number = system.generator.next(tagged)
    shard = spread(wanted.sender, wanted.client_key, system.settings.order_shards)
    return PacketId(region, tagged, GENERATOR_SOURCE, system.runtime.today(), shard, epoch, number)


def _check(system: System, request: SendRequest) -> None:
    check_order(request.kind, request.total_fen, request.shares, system.settings.max_shares)
    if request.region not in system.settings.regions:
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
