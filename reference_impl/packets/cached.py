"""What the cache says of packets, as rows that can be compared with the orders (W09)."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from reference_impl.domain.packet import Packet
from reference_impl.packets import views
from reference_impl.packets.views import Opened
from reference_impl.stores.cache import packet_key
from reference_impl.stores.layout import SHADOW

CHUNK = 200


class CacheRow(msgspec.Struct, frozen=True):
    """A row of the canonical table `cache_view`: about a packet, or about what a person took of it."""

    store: str
    view: str
    packet: str
    person: str | None
    state: str | None
    amount_fen: int | None
    sequence: int | None
    remaining_fen: int | None
    remaining_shares: int | None
    tag: bool


def rows_of_cache(cache: Any) -> Iterator[CacheRow]:
    """A row a packet and one an open, of both sides, as they stand: also of packets that are there in part."""
    for tagged in (False, True):
        keys = sorted(set(cache.scan_iter(match=packet_key("*", tagged), count=1000)))
        for start in range(0, len(keys), CHUNK):
            chunk = keys[start : start + CHUNK]
            with cache.pipeline(transaction=False) as pipe:
                for key in chunk:
                    pipe.hgetall(key)
                for key, fields in zip(chunk, pipe.execute(), strict=True):
                    yield from _rows(key.rpartition(":")[2], fields, key.startswith(SHADOW))


def _rows(packet: str, fields: Mapping[str, str], tagged: bool) -> Iterator[CacheRow]:
    body = fields.get(views.BODY) or fields.get(views.HALF)
    if body:
        shown = msgspec.json.decode(body, type=Packet)
        left = shown.remaining_fen, shown.remaining_shares
        yield CacheRow("cache", "cache", packet, None, shown.state, None, None, *left, tagged)
    for name, text in fields.items():
        if name.startswith("o:"):
            one = msgspec.json.decode(text, type=Opened)
            took = one.amount_fen, one.sequence
            yield CacheRow("cache", "cache", packet, str(one.person), None, *took, None, None, tagged)
