"""What the cache holds, as rows that can be audited: which side a key stands on, and what its own id says."""

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from reference_impl.stores.layout import SHADOW
from reference_impl.stores.stream import BODY
from reference_impl.system import System

_PACKET = re.compile(r"(?:packet|preorder|blessing|code_of):(\d{27})")
_SENDER = re.compile(r"(?:send|screen|profile):(\d+)(?::|$)")


class KeyRow(msgspec.Struct, frozen=True):
    """A row of the canonical table `shadow_rows`."""

    store: str
    place: str
    shadow: bool
    subject: str | None
    person: str | None
    tag: bool | None


def rows_of(system: System) -> Iterator[KeyRow]:
    """The keys of a system's cache, and of its streams where they are elsewhere."""
    yield from rows_of_keys(system.cache)
    if system.stream is not system.cache:
        yield from rows_of_keys(system.stream)


def rows_of_keys(cache: Any) -> Iterator[KeyRow]:
    """One row a key, and one a packet that a message in a stream speaks of."""
    for key in cache.scan_iter(count=1000):
        if key.removeprefix(SHADOW).startswith("stream:"):
            for _, fields in cache.xrange(key):
                yield from (_row(key, packet) for packet in re.findall(r'"packet":"(\d{27})"', fields.get(BODY, "")))
        else:
            yield _row(key, _packet_of(cache, key))


def _packet_of(cache: Any, key: str) -> str | None:
    """The packet that a key is about: it is in the key's name, or in what stands under a code."""
    name = key.removeprefix(SHADOW)
    if name.startswith("code:"):
        packet: str | None = cache.get(key)
        return packet
    found = _PACKET.fullmatch(name)
    return found[1] if found else None


def _row(key: str, packet: str | None) -> KeyRow:
    sender = _SENDER.match(key.removeprefix(SHADOW))
    return KeyRow(
        store="cache",
        place=key,
        shadow=key.startswith(SHADOW),
        subject=packet,
        person=sender[1] if sender else None,
        tag=packet[1] == "1" if packet else None,
    )
