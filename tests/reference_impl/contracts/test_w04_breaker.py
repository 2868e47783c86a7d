"""A region's databases fail: new packets move to the other region by themselves, and come back (W04)."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import sqlalchemy as sa
from night import Night

from harness import servers
from reference_impl.bootstrap import build, create_stores
from reference_impl.domain.errors import Refused
from reference_impl.domain.identifiers import parse_packet_id
from reference_impl.runtime import ThreadRuntime
from reference_impl.settings import Settings
from reference_impl.stores.layout import hot_days

NORTH = ("north_0", "north_1")
WITHIN_S = 5.0


def region(packet: str) -> str:
    return parse_packet_id(packet).region


def comes(true: Callable[[], bool], within_s: float = WITHIN_S) -> bool:
    """Does it become true in time?"""
    until_s = time.monotonic() + within_s
    while not true():
        if time.monotonic() > until_s:
            return False
        time.sleep(0.05)
    return True


def pay_until_it_opens(night: Night, sender: int) -> list[str]:
    """Pay packets in the north until its breaker stops that; those that got no answer."""
    unanswered = []
    for _ in range(20):
        packet = night.send(sender, 100, region="north")
        if region(packet) == "south":
            break
        try:
            night.pay(packet, sender)
        except sa.exc.SQLAlchemyError:
            unanswered.append(packet)
        except Refused as refused:
            assert refused.code == "unavailable"
    return unanswered


@contextmanager
def failing_north(night: Night, folder: Path) -> Iterator[tuple[Night, Callable[[], None]]]:
    """A process whose way to the north's databases is cut, and what mends it."""
    where = night.system.settings.sql
    cut = f"sqlite:///{folder}/north" if where.startswith("sqlite") else "mysql+pymysql://root@127.0.0.1:1"
    other = night.like(databases=dict.fromkeys(NORTH, cut), breaker_rest_ms=300)

    def mend() -> None:
        (folder / "north").symlink_to(where.removeprefix("sqlite:///"))

    yield other, mend
    other.system.close()


def test_w04_new_packets_move_and_nothing_paid_is_lost(night: Night, tmp_path: Path) -> None:
    """Writes stop after three failures of a database; packets go south and are paid; what was debited is a packet."""
    sender = night.rich(100_000)
    with failing_north(night, tmp_path) as (here, _):
        sent = [here.send(sender, 100, region="north") for _ in range(2)]
        unanswered = pay_until_it_opens(here, sender)
        assert 3 <= len(unanswered) <= 5  # two databases in turn, until one has failed three times
        early = next(packet for packet in sent if here.system.breakers.is_open(night.store(packet).name))
        before = night.balance(sender)
        with pytest.raises(Refused) as refused:
            here.pay(early, sender)
        assert (refused.value.code, refused.value.kind.definite) == ("unavailable", False)
        assert night.balance(sender) == before
        moved = here.send(sender, 100, region="north")
        assert (region(moved), here.pay(moved, sender).state) == ("south", "paid")
    night.reconcile_payments()
    assert all(night.row(packet) for packet in unanswered)
    assert night.balance(sender) == 100_000 - 100 * (len(unanswered) + 1)


def test_w04_opens_of_a_region_that_fails_are_told_at_once(night: Night, tmp_path: Path) -> None:
    """Its packets cannot be opened and nobody is told that they were; those of the other region can."""
    with failing_north(night, tmp_path) as (here, _):
        north, south = night.paid(region="north"), night.paid(region="south")
        for _ in range(6):
            with pytest.raises((Refused, sa.exc.SQLAlchemyError)):
                here.open(north)
        assert here.system.breakers.is_open(night.store(north).name)
        assert here.open(south).amount_fen > 0
    assert night.opens(north) == []


def test_w04_new_packets_come_back(embedded_night: Night, tmp_path: Path) -> None:
    """Once the databases take writes a probe finds out, and the north gets packets again."""
    night, sender = embedded_night, embedded_night.rich(100_000)
    with failing_north(night, tmp_path) as (here, mend):
        pay_until_it_opens(here, sender)
        time.sleep(0.4)
        assert region(here.send(sender, region="north")) == "south"
        mend()
        assert comes(lambda: region(here.send(sender, region="north")) == "north")
        packet = here.send(sender, region="north")
        assert here.pay(packet, sender).state == "paid"


@pytest.mark.servers
def test_w04_a_mariadb_that_is_killed_and_comes_back(running: servers.Running, tmp_path: Path) -> None:
    """SIGKILL to the north's server under payments: sends go on south, later north again; money is whole."""
    with servers.start(tmp_path / "north", redis=False) as north:
        night = Night(build(_settings(running, north, tmp_path), ThreadRuntime(), holder="killed"))
        sender = night.rich(100_000)
        paid = [night.send(sender, 100, region="north") for _ in range(3)]
        for packet in paid:
            night.pay(packet, sender)
        assert north.mariadb
        north.mariadb.kill()
        unanswered = pay_until_it_opens(night, sender)
        assert len(unanswered) <= 6  # two databases, a breaker each
        moved = night.send(sender, 100, region="north")
        assert (region(moved), night.pay(moved, sender).state) == ("south", "paid")
        north.mariadb.start()
        assert comes(lambda: region(night.send(sender, region="north")) == "north", within_s=20)
        night.reconcile_payments()
        assert all(night.row(packet) for packet in (*paid, *unanswered, moved))
        assert night.balance(sender) == 100_000 - 100 * (len(paid) + len(unanswered) + 1)
        with suppress(sa.exc.SQLAlchemyError):
            night.system.close()


def _settings(running: servers.Running, north: servers.Running, folder: Path) -> Settings:
    """A deployment whose north has a server of its own."""
    settings = Settings(
        sql=running.sql,
        cache=running.cache,
        data=str(folder),
        databases=dict.fromkeys(NORTH, north.sql),
        day_tables=tuple(hot_days(ThreadRuntime().today(), 3)),
        breaker_rest_ms=300,
    )
    create_stores(settings)
    return settings
