"""A Redis that is really killed while packets are sent, grabbed and opened (W16, W17)."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from night import Night

from harness import servers
from reference_impl.bootstrap import build, create_stores
from reference_impl.domain.identifiers import COUNTER_SOURCE, GENERATOR_SOURCE, parse_packet_id
from reference_impl.packets import grab
from reference_impl.runtime import ThreadRuntime
from reference_impl.settings import Settings

pytestmark = pytest.mark.servers


@pytest.fixture
def private(tmp_path: Path) -> Iterator[servers.Redis]:
    with servers.start(tmp_path / "redis", mariadb=False) as started:
        assert started.redis
        yield started.redis


@pytest.fixture
def night(running: servers.Running, private: servers.Redis, tmp_path: Path) -> Iterator[Night]:
    """A deployment on the session's MariaDB with a Redis of its own."""
    cache = f"redis://127.0.0.1:{private.port}/0"
    settings = Settings(sql=running.sql, cache=cache, data=str(tmp_path), breaker_rest_ms=100)
    create_stores(settings)
    found = Night(build(settings, ThreadRuntime(), holder="killed"))
    yield found
    found.system.close()


def test_w16_packets_are_sent_while_redis_is_dead_and_ids_stay_unique(night: Night, private: servers.Redis) -> None:
    """Before, during and after the outage every packet has an id of its own, is paid, and its key keeps it."""
    sender = night.rich()
    keys = [night.key() for _ in range(6)]
    sent = [night.send(sender, 100, key=key) for key in keys[:2]]
    private.kill()
    sent += [night.send(sender, 100, key=key) for key in keys[2:4]]
    for packet in sent[2:]:
        night.pay(packet, sender)
    private.start()
    night.system.cache.flushall()
    while parse_packet_id(night.send(sender)).source != COUNTER_SOURCE:
        pass  # the breaker rests for a tenth of a second
    sent += [night.send(sender, 100, key=key) for key in keys[4:]]
    sources = [parse_packet_id(packet).source for packet in sent]
    assert sources == [COUNTER_SOURCE] * 2 + [GENERATOR_SOURCE] * 2 + [COUNTER_SOURCE] * 2
    assert len(set(sent)) == 6
    assert [night.send(sender, 100, key=key) for key in keys[2:]] == sent[2:]


def test_w17_grabs_and_opens_go_on_while_redis_is_dead(night: Night, private: servers.Redis) -> None:
    """Grabs ask the database, opens are taken, and what was opened is credited once the stream is back."""
    packet = night.paid(1000, 4)
    private.kill()
    vouchers = []
    for _ in range(4):
        person = night.person()
        grab.grab(night.system, parse_packet_id(packet), person)
        vouchers.append(night.open(packet, person))
    assert sum(voucher.amount_fen for voucher in vouchers) == 1000
    assert night.system.counts.value("read", "grab") == 4
    private.start()
    night.reconcile_vouchers()
    assert [night.balance(voucher.person) for voucher in vouchers] == [voucher.amount_fen for voucher in vouchers]
