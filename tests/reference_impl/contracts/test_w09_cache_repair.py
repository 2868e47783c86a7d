"""Database, then memory, then Redis: what Redis misses is repaired, by stream and by reconciliation (W09)."""

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import redis
import sqlalchemy as sa
from night import FAR_US, Night
from test_w08_levels import GONE, Counting, switch

from harness import servers
from reference_impl.domain.identifiers import parse_packet_id
from reference_impl.domain.packet import Packet, Voucher
from reference_impl.packets import consuming, repairing, views
from reference_impl.packets.cached import rows_of_cache
from reference_impl.packets.details import details
from reference_impl.reconcile import cache as reconciling
from reference_impl.reconcile.report import Report
from reference_impl.stores import stream
from reference_impl.stores.cache import packet_key


def cut_off(night: Night) -> Night:
    """Another process, which does not reach the cache; the streams it does."""
    return night.like(cache=GONE, stream=night.system.settings.cache)


def repair(night: Night) -> int:
    """Work off the repair stream; how many messages there were."""
    return consuming.run_once(night.system, repairing.JOB, "tester")


def reconcile(night: Night, since_us: int = 0) -> Report:
    return reconciling.reconcile(night.system, since_us, night.system.runtime.now_us() + FAR_US)


def cached(night: Night, packet: str) -> list[tuple[Any, ...]]:
    """What the cache says of a packet: its state, what is left, and who took what."""
    rows = [row for row in rows_of_cache(night.system.cache) if row.packet == packet]
    return sorted(
        (r.person or "", r.state, r.amount_fen, r.sequence, r.remaining_fen, r.remaining_shares) for r in rows
    )


def stands(night: Night, packet: str) -> list[tuple[Any, ...]]:
    """The same of the database."""
    row, opens = night.row(packet), night.opens(packet)
    assert row
    lines = [(str(v.person), None, v.amount_fen, v.sequence, None, None) for v in opens]
    return sorted([("", row.state, None, None, row.remaining_fen, row.remaining_shares), *lines])


def agrees(night: Night, packet: str) -> bool:
    """Whether the cache has the packet whole and as the database has it."""
    return cached(night, packet) == stands(night, packet) and bool(
        night.system.cache.hexists(packet_key(packet, packet[1] == "1"), views.BODY)
    )


def refunded(night: Night, packet: str) -> None:
    night.expire(packet)
    night.refund(packet)


@pytest.mark.parametrize("tagged", [False, True])
def test_w09_a_write_that_the_cache_misses_is_repaired_by_stream(night: Night, tagged: bool) -> None:
    """An open and a refund while the cache is gone: a message each, and the consumer writes what the database says."""
    packet, other = night.paid(1000, 3, tagged=tagged), night.paid(1000, 3, tagged=tagged)
    night.open(packet)
    blind = cut_off(night)
    blind.open(packet)
    refunded(blind, other)
    assert not agrees(night, packet) and not agrees(night, other)
    assert repair(night) == 2
    assert agrees(night, packet) and agrees(night, other)
    assert night.messages(stream.REPAIR, tagged) == [] and night.debts(tagged) == 3


def test_w09_cache_write_off_leaves_the_cache_to_the_repair_stream(night: Night) -> None:
    """With the switch on neither writers nor readers write the cache; the consumer does."""
    packet = night.paid(1000, 3)
    night.system.cache.delete(packet_key(packet, False))
    other = night.like()
    switch(other, "cache_write_off", 1)
    other.open(packet)
    page = details(other.system, parse_packet_id(packet))
    assert cached(night, packet) == [] and len(page.opens) == 1
    assert repair(night) == 1
    assert agrees(night, packet)


def test_w09_messages_of_one_packet_are_one_read(night: Night) -> None:
    """Of many misses of one packet the first repair makes up for all: the others ask the cache and nobody else."""
    packet = night.paid(1000, 5)
    blind = cut_off(night)
    for _ in range(3):
        blind.open(packet)
    repair(night)
    assert agrees(night, packet)
    for left in (4, 3, 2):
        assert repairing.is_made_up_for(night.system, parse_packet_id(packet), left)
    assert not repairing.is_made_up_for(night.system, parse_packet_id(packet), 1)


def test_w09_while_the_cache_is_gone_its_messages_wait(night: Night) -> None:
    """Nothing is tried in vain until it is laid aside: the message stays, is taken over and works once it can."""
    packet = night.paid(1000, 3)
    blind = cut_off(night)
    blind.open(packet)
    with pytest.raises(redis.RedisError):
        repair(blind)
    assert len(night.messages(stream.REPAIR)) == 1
    consuming.take_over(night.like(rest_ms=0).system, repairing.JOB, "other")
    assert agrees(night, packet)


def written(night: Night, packet: str) -> list[tuple[Packet, list[Voucher]]]:
    """A packet's whole life, as its writers tell the cache: paid, two opens, the refund."""
    store, at = night.store(packet), parse_packet_id(packet)
    paid = night.row(packet)
    first = night.open(packet)
    one = night.row(packet)
    second = night.open(packet)
    two = night.row(packet)
    refunded(night, packet)
    last, opens = views.load_packet(night.system, at) or (None, [])
    assert paid and one and two and last and store
    return [(paid, []), (one, [first]), (two, [second]), (last, opens)]


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
def test_w09_writes_in_any_order_end_the_same(night: Night, order: Sequence[int]) -> None:
    """Whichever write comes last, the newest body stands with every open, and no order shows a part as the whole."""
    packet = night.paid(1000, 4)
    writes = written(night, packet)
    night.system.cache.delete(packet_key(packet, False))
    for place in order:
        views.write_packet(night.system.cache, *writes[place], False)
        views.write_packet(night.system.cache, *writes[place], False)
    assert agrees(night, packet)


def test_w09_a_fill_of_a_thousand_opens_is_one_write(night: Night) -> None:
    """A packet with as many shares as there may be goes into the cache at once."""
    row = night.row(night.paid(60_000, 1000))
    assert row
    packet = row.packet
    opens = [Voucher(packet, n, 10_000 + n, 1, 60_000 - n, 5, f"k{n}") for n in range(1, 4001)]
    many = Packet(packet, 1, "lucky", 60_000, 5000, "paid", 56_000, 1000, row.paid_us, row.expires_us)
    night.system.cache.delete(packet_key(packet, False))
    cache = Counting(night.system.cache)
    views.write_packet(cache, many, opens, False)
    assert cache.asked == ["eval"]
    assert len(cached(night, packet)) == 4001
    night.system.cache.delete(packet_key(packet, False))


def lose_the_cache(night: Night, packet: str) -> None:
    """It lost everything, and the next open is all it has."""
    night.system.cache.delete(packet_key(packet, False))
    night.open(packet)


def go_back(night: Night, packet: str) -> None:
    """It came back as it was before the last open."""
    before: Any = night.system.cache.hgetall(packet_key(packet, False))
    night.open(packet)
    night.system.cache.delete(packet_key(packet, False))
    night.system.cache.hset(packet_key(packet, False), mapping=before)


def go_ahead(night: Night, packet: str) -> None:
    """It shows an open that was rolled back."""
    row = night.row(packet)
    assert row
    ahead = Packet(packet, row.sender, row.kind, row.total_fen, row.shares, "paid", 1, 1, row.paid_us, row.expires_us)
    views.write_packet(night.system.cache, ahead, [Voucher(packet, 4, night.person(), 1, 1, 5, "")], False)


@pytest.mark.parametrize("mishap", [lose_the_cache, go_back, go_ahead])
def test_w09_reconciliation_finds_what_nobody_told(night: Night, mishap: Callable[[Night, str], None]) -> None:
    """Half a packet, an older one, one ahead of its database: counted, and gone after a pass."""
    reconcile(night)
    packet = night.paid(1000, 5)
    night.open(packet)
    mishap(night, packet)
    far_us = night.system.runtime.now_us() + FAR_US
    assert reconciling.count_missing(night.system, 0, far_us) == 1
    assert reconcile(night).repaired == 1
    assert agrees(night, packet) or cached(night, packet) == []
    assert reconciling.count_missing(night.system, 0, far_us) == 0


def test_w09_the_standby_may_lag(night: Night) -> None:
    """A replica that has not got the last open accuses nobody: what it says counts only where the database agrees."""
    reconcile(night)
    packet = night.paid(1000, 3)
    night.open(packet)
    store = night.store(packet)
    lagging = Lagging(store, night.row(packet))
    night.open(packet)
    behind = Night(replace(night.system, standbys={store.name: lagging}))
    assert (reconcile(behind).missing, reconcile(night).missing) == (0, 0)
    assert agrees(night, packet)
    go_back(night, packet)
    lagging.row = night.row(packet)
    assert (reconcile(behind).missing, reconcile(behind).missing) == (1, 0)
    assert agrees(night, packet)


class Lagging:
    """A replica that has one packet, as it was."""

    def __init__(self, store: Any, row: Packet | None) -> None:
        self.name, self.row = store.name, row

    def read(self, work: Any) -> Any:
        return [(self.row, self.row.shares - self.row.remaining_shares)] if self.row else []


def test_w09_a_database_that_is_gone_does_not_stop_the_others(night: Night) -> None:
    """A pass that cannot read says so and ends: what reconciles money comes after it."""

    class Gone:
        def read(self, work: Any) -> Any:
            raise sa.exc.OperationalError("read", {}, Exception("no standby"))

    names = [store.name for store in night.system.orders.values()]
    assert reconcile(Night(replace(night.system, standbys=dict.fromkeys(names, Gone())))) == Report()  # type: ignore[arg-type]


@pytest.fixture
def own_redis(night: Night, tmp_path: Path) -> Iterator[servers.Running]:
    """A Redis that can be killed."""
    with servers.start(tmp_path / "own", mariadb=False) as running:
        yield running


@pytest.mark.servers
def test_w09_a_redis_killed_and_restarted(night: Night, own_redis: servers.Running) -> None:
    """Packets live on while Redis is dead; when it is back the repair stream makes it right, without reconciliation."""
    assert own_redis.redis
    own = night.like(cache=own_redis.cache, stream=night.system.settings.cache)
    half, empty, over, late = (own.paid(1000, shares) for shares in (3, 2, 3, 3))
    for packet in (half, empty, over):
        own.open(packet)
    own_redis.redis.kill()
    for packet in (half, empty, late):
        own.open(packet)
    refunded(own, over)
    assert len(details(own.system, parse_packet_id(half)).opens) == 2
    own_redis.redis.start()
    assert not agrees(own, half)
    assert repair(own) == 4
    assert all(agrees(own, packet) for packet in (half, empty, over, late))
    own.system.close()


@pytest.mark.servers
def test_w09_cache_and_stream_gone_together_is_found_by_reconciliation(
    night: Night, own_redis: servers.Running
) -> None:
    """Where cache and stream are one server and it dies, nobody is told; a pass finds it."""
    assert own_redis.redis
    own = night.like(cache=own_redis.cache, stream="")
    half, over = own.paid(1000, 3), own.paid(1000, 3)
    own.open(half)
    own_redis.redis.kill()
    own.open(half)
    refunded(own, over)
    own_redis.redis.start()
    assert not agrees(own, half)
    reconcile(own)
    assert agrees(own, half) and agrees(own, over)
    own.system.close()
