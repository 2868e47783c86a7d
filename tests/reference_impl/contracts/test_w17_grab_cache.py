"""The cache fails at grabbing: the database is asked, under its guard (W17)."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from night import Night

from reference_impl.domain.errors import Refused
from reference_impl.domain.identifiers import parse_packet_id
from reference_impl.packets import details, grab, levels


@contextmanager
def process(night: Night, how: str) -> Iterator[Night]:
    """A process that cannot reach the cache, or one that is told not to ask it."""
    if how == "out of reach":
        yield night.blind()
    else:
        told = night.like()
        with told.controls(grab_database=1):
            yield told


def grabbed(night: Night, packet: str, person: int | None = None) -> str:
    try:
        grab.grab(night.system, parse_packet_id(packet), person or night.person())
    except Refused as refused:
        return refused.code
    return "open"


@pytest.mark.parametrize("how", ["out of reach", "switched off"])
def test_w17_a_grab_is_answered_from_the_database(night: Night, how: str) -> None:
    """The same answers as from the cache, the newest of them, and the same details."""
    packet, empty, over, opener = night.paid(), night.paid(1000, 1), night.paid(), night.person()
    night.open(packet, opener)
    night.open(empty)
    night.expire(over)
    night.refund(over)
    page = levels.whole(night.system, parse_packet_id(packet))
    with process(night, how) as blind, blind.controls(memory_off=1):
        assert grabbed(blind, packet) == "open"
        assert grabbed(blind, packet, opener) == "already_opened"
        assert grabbed(blind, empty) == "sold_out"
        assert grabbed(blind, over) == "expired"
        assert levels.whole(blind.system, parse_packet_id(packet)) == page
        assert blind.system.counts.value("read", "grab", "database") == 4


def test_w17_opens_go_on_at_the_limited_rate(night: Night) -> None:
    """The guard comes on by itself: so many grabs a second pass, and who passed opens."""
    packet, (blind, _) = night.paid(1000, 10), night.stopped(cache="redis://127.0.0.1:1/0")
    with blind.controls(guard_per_s=1, memory_off=1):
        answers = [grabbed(blind, packet) for _ in range(4)]
        assert answers == ["open", "limited", "limited", "limited"]
        voucher = blind.open(packet)
        with pytest.raises(Refused) as limited:
            details.details(blind.system, parse_packet_id(packet))
    assert limited.value.code == "limited" and limited.value.kind.status == 429
    assert blind.system.counts.value("limited", "guard_per_s") == 4
    night.reconcile_vouchers()
    assert night.balance(voucher.person) == voucher.amount_fen > 0


def test_w17_the_guard_limits_nobody_whom_the_cache_answers(night: Night) -> None:
    """With the cache in reach the guard's dial stops nobody; switched on, it stops those the cache does not know."""
    (here, _), packet, unknown = night.stopped(), night.paid(), night.paid()
    with here.controls(guard_per_s=1, database_guard=1, memory_off=1):
        assert [grabbed(here, packet) for _ in range(5)] == ["open"] * 5
        for name in (packet, unknown):
            night.system.cache.delete(f"packet:{name}")
        assert [grabbed(here, packet), grabbed(here, unknown)] == ["open", "limited"]
    assert here.system.counts.value("read", "grab") == 6 and here.system.counts.value("read", "grab", "database") == 1


def test_w17_a_cache_that_hangs_is_left_alone(night: Night) -> None:
    """After some failures nobody waits for it until it has rested; then one tries."""
    blind = night.blind(breaker_rest_ms=60_000)
    packet = night.paid()
    for _ in range(3):
        assert grabbed(blind, packet) == "open"
    assert blind.system.breakers.is_open("cache")
    calls = []
    blind.system.cache.hmget = lambda *_: calls.append(1)  # type: ignore[method-assign]
    assert grabbed(blind, packet) == "open" and not calls
