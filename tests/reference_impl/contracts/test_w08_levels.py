"""Two cache levels before the database: each off in turn, the answers stay the same (W08)."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import msgspec
import pytest
import redis
from night import Night

from reference_impl.domain.errors import Refused
from reference_impl.domain.identifiers import parse_packet_id
from reference_impl.packets import grab
from reference_impl.packets.details import details
from reference_impl.resilience.breaker import Breakers
from reference_impl.resilience.controls import Change
from reference_impl.resilience.counts import Counts
from reference_impl.stores.cache import packet_key

GONE: Final = "redis://127.0.0.1:1/0"
"""Nobody listens there."""


def without_redis(night: Night) -> Night:
    """The same process, whose cache does not answer any more."""
    client = redis.Redis.from_url(GONE, decode_responses=True, retry=None)
    system = night.system
    return Night(replace(system, cache=client, breakers=Breakers(system.settings, system.runtime)))


def without_memory(night: Night) -> Night:
    """Another process, which remembers nothing and is told not to."""
    other = night.like()
    switch(other, "memory_off", 1)
    return other


def without_both(night: Night) -> Night:
    return without_redis(without_memory(night))


def forgetful(night: Night) -> Night:
    """The cache has lost everything, this process has not."""
    for key in list(night.system.cache.scan_iter(match="*packet:*")):
        night.system.cache.delete(key)
    return night


def switch(night: Night, name: str, value: int) -> None:
    """Only as this process knows it: others have tests of their own."""
    night.system.controls._newest[name] = Change(1, name, value, "test", 1)


def grabbed(night: Night, packet: str, person: int) -> str:
    try:
        grab.grab(night.system, parse_packet_id(packet), person)
    except Refused as refused:
        return refused.code
    return "open"


def seen(night: Night, packet: str) -> Any:
    """The page without what only the cache has: blessing and names."""
    try:
        page = details(night.system, parse_packet_id(packet))
        return msgspec.structs.replace(page, blessing="", degraded=[])
    except Refused as refused:
        return refused.code


def level(night: Night, what: str) -> str:
    """The level that has answered last, of a process that has read once."""
    return next(name for name in ("cache", "memory", "database") if night.system.counts.value("read", what, name))


def fresh(night: Night) -> Night:
    """The same process with counters at nothing."""
    return Night(replace(night.system, counts=Counts()))


@pytest.mark.parametrize("off", [without_redis, without_memory, without_both, forgetful])
@pytest.mark.parametrize("tagged", [False, True])
def test_w08_each_level_off_answers_the_same(night: Night, off: Callable[[Night], Night], tagged: bool) -> None:
    """Whoever has opened, whoever has not, and the page: the same with a level gone as with all of them."""
    opener, stranger = night.person(), night.person()
    half, empty, over = (night.paid(1000, shares, tagged=tagged) for shares in (3, 1, 3))
    for packet in (half, empty, over):
        night.open(packet, opener)
    night.expire(over)
    night.refund(over)
    packets = (half, empty, over)
    expected = [(grabbed(night, p, opener), grabbed(night, p, stranger), seen(night, p)) for p in packets]
    assert [stranger_is_told for _, stranger_is_told, _ in expected] == ["open", "sold_out", "expired"]
    less = off(night)
    assert [(grabbed(less, p, opener), grabbed(less, p, stranger), seen(less, p)) for p in packets] == expected


def test_w08_levels_are_asked_in_order(night: Night) -> None:
    """Redis, then memory, then the database: each answers where those before it do not."""
    packet, person = night.paid(1000, 3), night.person()
    night.open(packet)
    memory_less, blind = fresh(night.like()), fresh(without_redis(night))
    assert (grabbed(fresh(night), packet, person), grabbed(blind, packet, person)) == ("open", "open")
    assert level(blind, "grab") == "memory"
    forgetful(night)
    assert (grabbed(memory_less, packet, person), level(memory_less, "grab")) == ("open", "database")
    again = fresh(memory_less)
    assert (grabbed(again, packet, person), level(again, "grab")) == ("open", "cache")
    assert level(_read(fresh(night), packet), "details") == "cache"


def _read(night: Night, packet: str) -> Night:
    seen(night, packet)
    return night


def test_w08_memory_is_trusted_for_a_bounded_time(night: Night) -> None:
    """What another process did is unseen until memory is too old, and seen from then on."""
    ours, theirs = night.like(memory_s=0.2), night.like()
    packet = ours.paid(1000, 1)
    theirs.open(packet)
    blind = without_redis(ours)
    assert grabbed(blind, packet, night.person()) == "open"
    night.system.runtime.sleep(0.25)
    assert grabbed(blind, packet, night.person()) == "sold_out"


def test_w08_memory_off_is_a_switch(night: Night) -> None:
    """With `memory_off` a process that remembers a packet asks the database for it; with it off again, memory."""
    packet = night.paid(1000, 3)
    for value, expected in ((1, "database"), (0, "memory")):
        blind = fresh(without_redis(night))
        switch(blind, "memory_off", value)
        assert (grabbed(blind, packet, night.person()), level(blind, "grab")) == ("open", expected)


def test_w08_only_sending_and_opening_write_the_database(night: Night) -> None:
    """Reading with every level gone leaves the tables as they are."""
    packet = night.paid(1000, 3)
    night.open(packet)
    before = night.everything()
    for less in (night, without_redis(night), without_both(night)):
        grabbed(less, packet, night.person())
        seen(less, packet)
    assert night.everything() == before


def test_w08_a_grab_of_a_cached_packet_is_one_round_trip(night: Night) -> None:
    """One command to the cache and nothing else."""
    packet = night.paid(1000, 3)
    cache = Counting(night.system.cache)
    system = night.system
    counted = replace(system, cache=cache, orders={}, breakers=Breakers(system.settings, system.runtime))
    assert grabbed(Night(counted), packet, night.person()) == "open"
    assert cache.asked == ["hmget"]


class Counting:
    """A client that lists what it is asked."""

    def __init__(self, client: Any) -> None:
        self._client, self.asked = client, []  # type: Any, list[str]

    def __getattr__(self, name: str) -> Any:
        self.asked.append(name)
        return getattr(self._client, name)


def test_w08_a_packet_known_in_part_is_not_answered_from_the_cache(night: Night) -> None:
    """The cache lost everything before a second open: until somebody fills it, readers look elsewhere."""
    packet, first = night.paid(1000, 3), night.person()
    night.open(packet, first)
    night.system.cache.delete(packet_key(packet, False))
    night.open(packet)
    other = fresh(night.like())
    assert (grabbed(other, packet, first), level(other, "grab")) == ("already_opened", "database")
    assert level(_read(fresh(night.like()), packet), "details") == "cache"
