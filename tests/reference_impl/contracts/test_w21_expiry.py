"""Expiry: the remainder goes back, once and exactly, however opens and sweepers race (W21, Money rule 5)."""

import threading
import time
from datetime import timedelta

import pytest
import sqlalchemy as sa
from night import Night, together

from reference_impl.bootstrap import build
from reference_impl.domain.errors import Refused
from reference_impl.domain.identifiers import parse_packet_id
from reference_impl.domain.packet import Voucher
from reference_impl.packets import expiry, rows
from reference_impl.packets.open import open_packet
from reference_impl.runtime import ThreadRuntime
from reference_impl.settings import Settings
from reference_impl.stores import stream
from reference_impl.stores.layout import tables_of
from reference_impl.system import System


def sender_of(night: Night, packet: str) -> int:
    row = night.row(packet)
    assert row
    return row.sender


def refunded_us(night: Night, packet: str) -> int:
    """The moment of a packet's refund, of the database's clock."""
    table = tables_of(parse_packet_id(packet)).vouchers
    query = sa.select(table.c.made_us).where(table.c.packet == packet, table.c.kind == rows.REFUND)
    return int(night.store(packet).read(lambda connection: connection.execute(query).scalar_one()))


def test_w21_the_remainder_goes_back_once(night: Night) -> None:
    """Two of five opened, then it is over: the sender gets the rest to the fen, nobody else gets anything any more."""
    packet = night.paid(1000, 5)
    sender = sender_of(night, packet)
    opened = night.open(packet).amount_fen + night.open(packet).amount_fen
    assert night.refund(packet) is None
    night.expire(packet)
    with pytest.raises(Refused, match="time is over"):
        night.open(packet)
    expiry.sweep(night.system)
    assert night.refunds(packet) == [1000 - opened]
    assert night.refund(packet) is None
    night.credit()
    assert night.balance(sender) == 1000 - opened
    assert night.escrow(packet) == 0
    with pytest.raises(Refused, match="time is over"):
        night.open(packet)


def test_w21_a_packet_that_nobody_opened(night: Night) -> None:
    """All goes back; the sender has what there was before."""
    packet = night.paid(1000, 5)
    night.expire(packet)
    night.refund(packet)
    night.credit()
    assert (night.balance(sender_of(night, packet)), night.refunds(packet)) == (1000, [1000])


def test_w21_a_packet_that_was_sold_out(night: Night) -> None:
    """Nothing is left, so nothing goes back, and late comers hear that it is sold out."""
    packet = night.paid(1000, 1)
    night.open(packet)
    night.expire(packet)
    expiry.sweep(night.system)
    assert night.refund(packet) is None
    assert night.refunds(packet) == []
    with pytest.raises(Refused, match="no share is left"):
        night.open(packet)


def test_w21_many_sweepers_refund_once(night: Night) -> None:
    """Sixteen refunds of one packet at once: one voucher, one message, one credit."""
    packet = night.paid(1000, 5)
    night.expire(packet)
    results = together([lambda: night.refund(packet)] * 16)
    assert [type(one) for one in results if one] == [Voucher]
    assert night.refunds(packet) == [1000]
    night.credit()
    assert night.balance(sender_of(night, packet)) == 1000


def test_w21_a_lost_refund_message_is_found(night: Night) -> None:
    """The refund is a voucher like any other: reconciliation credits it when its message is lost."""
    packet = night.paid(1000, 5)
    night.expire(packet)
    night.refund(packet)
    night.forget_messages()
    assert night.reconcile_vouchers().repaired == 1
    assert night.balance(sender_of(night, packet)) == 1000
    night.groups()


@pytest.mark.parametrize("round_", range(8))
def test_w21_opens_race_the_sweeper_at_the_instant(night: Night, round_: int) -> None:
    """Twelve openers and two sweepers around the instant: opens before it, the refund after it, together the total."""
    packet = night.paid(4000, 40, expires_in_ms=30 + 3 * round_)
    row = night.row(packet)
    assert row
    until = time.monotonic() + 0.15

    def open_until_refused() -> list[Voucher]:
        mine: list[Voucher] = []
        while time.monotonic() < until:
            try:
                mine.append(night.open(packet))
                time.sleep(0.004)
            except Refused as refused:
                assert refused.code in ("expired", "sold_out")
        return mine

    def sweep() -> list[Voucher]:
        found = []
        while time.monotonic() < until:
            found += [one for one in [night.refund(packet)] if one]
            time.sleep(0.001)
        return found

    results = together([open_until_refused] * 12 + [sweep] * 2)
    assert [r for r in results if isinstance(r, BaseException)] == []
    answered = sorted((v for r in results[:12] if isinstance(r, list) for v in r), key=lambda v: v.sequence)
    assert night.opens(packet) == answered
    opened = sum(v.amount_fen for v in answered)
    assert night.refunds(packet) == ([4000 - opened] if len(answered) < 40 else [])
    assert all(row.paid_us <= v.made_us < row.expires_us for v in answered)
    assert not night.refunds(packet) or refunded_us(night, packet) >= row.expires_us
    night.credit()
    assert night.balance(row.sender) == 4000 - opened
    assert sum(night.balance(v.person) for v in answered) == opened
    assert night.escrow(packet) == 0


def test_w21_the_sweeper_finds_both_sides_and_regions(night: Night) -> None:
    """Live and tagged packets of both regions are swept, each into its own side's stream."""
    packets = [night.paid(region=region, tagged=tagged) for region in ("south", "north") for tagged in (False, True)]
    for packet in packets:
        night.expire(packet)
    assert expiry.sweep(night.system) >= 4
    assert [night.refunds(packet) for packet in packets] == [[1000]] * 4
    for tagged in (False, True):
        swept = {v.packet for debt in night.messages(stream.CREDIT, tagged) for v in debt.vouchers}
        assert {p for p in packets if (p[1] == "1") is tagged} <= swept
        assert all(p[1] == str(int(tagged)) for p in swept)


class OffRuntime(ThreadRuntime):
    """A process whose clock is off."""

    def __init__(self, off_us: int) -> None:
        super().__init__()
        self._off_us = off_us

    def now_us(self) -> int:
        return super().now_us() + self._off_us


@pytest.mark.servers
@pytest.mark.parametrize("round_", range(4))
def test_w21_processes_with_different_clocks_agree_on_the_instant(servers_night: Night, round_: int) -> None:
    """One process is five seconds ahead and one behind; both open and refund around the instant, and the database's
    clock alone decides: opens before it, the refund after it, to the fen what was left."""
    night = servers_night
    night.groups()
    runtimes = [OffRuntime(5_000_000), OffRuntime(-5_000_000)]
    systems = [build(night.system.settings, runtime, holder="off") for runtime in runtimes]
    packet = night.paid(4000, 40, expires_in_ms=60 + 7 * round_)
    at, row, until = parse_packet_id(packet), night.row(packet), time.monotonic() + 0.3
    assert row

    def open_until_over(system: System) -> list[Voucher]:
        mine: list[Voucher] = []
        while time.monotonic() < until:
            try:
                mine.append(open_packet(system, at, night.person(), night.key()))
                time.sleep(0.01)
            except Refused as refused:
                assert refused.code in ("expired", "sold_out")
        return mine

    def sweep(system: System) -> int:
        swept = 0
        while time.monotonic() < until:
            swept += expiry.refund(system, at) is not None
        return swept

    jobs = [lambda work=work, system=system: work(system) for work in (open_until_over, sweep) for system in systems]
    results = together(jobs * 2)
    for system in systems:
        system.close()
    assert [each for each in results if isinstance(each, BaseException)] == []
    opened = night.opens(packet)
    assert all(row.paid_us <= voucher.made_us < row.expires_us for voucher in opened)
    assert sum(each for each in results if isinstance(each, int)) == (1 if len(opened) < 40 else 0)
    left = 4000 - sum(voucher.amount_fen for voucher in opened)
    assert night.refunds(packet) == ([left] if left else [])
    assert not left or refunded_us(night, packet) >= row.expires_us
    night.credit()
    assert night.escrow(packet) == 0 and night.balance(row.sender) == left


@pytest.mark.parametrize("days", [0, 1, 2])
def test_w21_the_sweeper_looks_at_every_day_a_packet_may_be_alive(
    night: Night, monkeypatch: pytest.MonkeyPatch, days: int
) -> None:
    """Sent in a day's last minute, paid the next day, over the day after: an ordinary pass refunds it."""
    then = night.system.runtime.today() - timedelta(days)
    with monkeypatch.context() as patched:
        patched.setattr(type(night.system.runtime), "today", lambda _: then)
        packet = night.paid()
    night.expire(packet)
    short = night.like(hot_days=1)
    expiry.sweep(short.system)
    short.system.close()
    assert night.refunds(packet) == [1000]


@pytest.mark.parametrize(("hours", "days"), [(1, 2), (23, 2), (24, 3), (47, 3), (48, 4), (240, 12)])
def test_w21_a_longer_life_is_looked_at_for_longer(hours: int, days: int) -> None:
    """So many days as a packet can live that is paid as late as can be, however few days are hot."""
    settings = Settings(sql="", cache="", data="", hot_days=1, lifetime_ms=hours * 3600 * 1000)
    assert settings.days_looked_at == days


def test_w21_the_clock_is_read_under_the_lock(night: Night) -> None:
    """An open that waits for the packet's row past its time is refused: when it was asked does not count."""
    packet = night.paid(1000, 4)
    at = parse_packet_id(packet)
    locked = threading.Event()

    def hold() -> None:
        def work(connection: sa.Connection) -> None:
            found = rows.lock_packet(connection, at)
            assert found
            due_us = found[1] + 400_000
            change = sa.update(tables_of(at).packets).where(tables_of(at).packets.c.packet == packet)
            connection.execute(change.values(expires_us=due_us))
            locked.set()
            time.sleep(0.8)

        night.store(packet).write(work)

    holder = threading.Thread(target=hold)
    holder.start()
    assert locked.wait(10)
    with pytest.raises(Refused, match="over"):
        night.open(packet)
    holder.join()
    assert night.opens(packet) == []
