"""Cold days: what is settled moves to the cold store, interrupted anywhere, and is found at every moment (W14)."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa
from night import Night, together

from reference_impl.domain.days import closes_us, last_cold_day
from reference_impl.domain.errors import Refused
from reference_impl.domain.identifiers import parse_packet_id
from reference_impl.domain.packet import Order, Packet, paid_packet, tombstone
from reference_impl.packets import cold, cooling, details, expiry, grab, pay, rows
from reference_impl.reconcile import backlog
from reference_impl.reconcile import cold as reconciliation
from reference_impl.reconcile.report import Report
from reference_impl.stores.cache import packet_key
from reference_impl.stores.cold_tables import cold_tables
from reference_impl.stores.layout import tables_of

LONG_AGO = 40
"""Days: the day of month has come again since."""


class Killed(BaseException):
    """A process ends here."""


def old(night: Night, monkeypatch: pytest.MonkeyPatch, days: int = LONG_AGO, **order: Any) -> str:
    """A packet that was sent so many days ago and paid a moment ago; its id bears the old date."""
    then = night.system.runtime.today() - timedelta(days)
    with monkeypatch.context() as patched:
        patched.setattr(type(night.system.runtime), "today", lambda _: then)
        return night.paid(**order)


def over(night: Night, monkeypatch: pytest.MonkeyPatch, days: int = LONG_AGO, **order: Any) -> str:
    """The same, opened by one person, refunded and credited."""
    packet = old(night, monkeypatch, days, **order)
    night.open(packet, key="first")
    night.expire(packet)
    night.refund(packet)
    night.credit()
    return packet


def reconcile(night: Night) -> Report:
    return reconciliation.reconcile(night.system, 0, night.system.runtime.now_us())


def stands(night: Night, packet: str) -> str:
    """`hot`, `cold`, or both or neither of the words; the packet's vouchers are in the same places."""
    at = parse_packet_id(packet)
    places = {
        "hot": (night.store(packet), tables_of(at)),
        "cold": (night.system.cold[at.region], cold_tables(at.tagged).orders),
    }
    found = [
        [
            name
            for name, (store, tables) in places.items()
            if store.read(lambda c, t=tables[which]: c.execute(sa.select(t).where(t.c.packet == packet)).first())
        ]
        for which in (0, 1)
    ]
    assert found[0] == found[1]
    return " ".join(found[0])


def test_w14_a_packet_from_40_days_ago_is_found_cold(night: Night, monkeypatch: pytest.MonkeyPatch) -> None:
    """Live and tagged, in both regions: it leaves its day's table, and from an empty cache details are as they were."""
    for region in ("south", "north"):
        for tagged in (False, True):
            packet = over(night, monkeypatch, region=region, tagged=tagged)
            at = parse_packet_id(packet)
            before = details.details(night.system, at)
            reconcile(night)
            assert stands(night, packet) == "cold"
            night.system.cache.delete(packet_key(packet, tagged))
            assert details.details(night.system, at) == before
    assert reconciliation.count_missing(night.system, 0, 0) == 0


def test_w14_w22_repeated_requests_of_a_cold_packet_get_their_answers(
    night: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same open, the same payment: answered as before. Others are told why they cannot; nothing is written."""
    night.reconcile_payments()  # of what other tests have paid
    packet = old(night, monkeypatch)
    at, person = parse_packet_id(packet), night.person()
    made = night.open(packet, person, "mine")
    night.expire(packet)
    night.refund(packet)
    night.credit()
    reconcile(night)
    night.system.cache.delete(packet_key(packet, at.tagged))
    row = cold.find(night.system, at)
    assert row and night.open(packet, person, "mine") == made
    assert pay.pay(night.system, at, row.sender) == row
    for ask, code in (
        (lambda: night.open(packet, person, "another"), "already_opened"),
        (lambda: night.open(packet), "expired"),
        (lambda: grab.grab(night.system, at, person), "already_opened"),
        (lambda: grab.grab(night.system, at, night.person()), "expired"),
    ):
        with pytest.raises(Refused) as refused:
            ask()
        assert refused.value.code == code
    assert stands(night, packet) == "cold" and night.refund(packet) is None
    assert night.reconcile_payments().missing == 0


def test_w14_a_hot_packet_stays(night: Night, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is over today, yesterday or the day before stays in its day's table; a day later it is cold."""
    hot_days = night.system.settings.hot_days
    packets = [over(night, monkeypatch, days) for days in range(hot_days + 1)]
    reconcile(night)
    assert [stands(night, packet) for packet in packets] == ["hot"] * hot_days + ["cold"]


@pytest.mark.parametrize("what", ["paid", "due", "not_credited", "not_returned"])
def test_w14_what_is_unsettled_stays(night: Night, monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    """Paid and not over, refund due, voucher not credited, payment not given back: it stays hot until it is settled."""
    if what == "not_returned":
        order = lost_payment(night, monkeypatch)
        pay.establish(night.system, parse_packet_id(order.packet), tombstone(order))
        packet, settle = order.packet, night.reconcile_payments
    else:
        packet = old(night, monkeypatch)
        if what != "paid":
            night.expire(packet)
        if what == "not_credited":
            night.refund(packet)
            night.forget_messages()
        settle = {"paid": lambda: finish(night, packet), "due": lambda: finish(night, packet)}.get(
            what, night.reconcile_vouchers
        )
    reconcile(night)
    assert night.row(packet) and not cold.find(night.system, parse_packet_id(packet))
    settle()
    reconcile(night)
    assert not night.row(packet) and cold.find(night.system, parse_packet_id(packet))
    night.groups()


def finish(night: Night, packet: str) -> None:
    """Time passes: the sweeper looks everywhere, and what it owes is credited."""
    night.expire(packet)
    expiry.sweep(night.system, everywhere=True)
    night.credit()


def lost_payment(night: Night, monkeypatch: pytest.MonkeyPatch) -> Order:
    """A payment of a packet of long ago whose process died before the packet's row stood."""
    then = night.system.runtime.today() - timedelta(LONG_AGO)
    with monkeypatch.context() as patched:
        patched.setattr(type(night.system.runtime), "today", lambda _: then)
        return night.pay_only_in_ledger(expires_in_ms=1)


def test_w14_an_old_unsettled_packet_is_still_refunded(night: Night, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing that is stuck in an old day's table is forgotten: a full pass finds it, and the drain waits for it."""
    packet = old(night, monkeypatch, days=10)
    night.expire(packet)
    expiry.sweep(night.system)
    assert night.refunds(packet) == [] and backlog.pending(night.system) > 0
    expiry.sweep(night.system, everywhere=True)
    assert night.refunds(packet) == [1000]
    night.forget_messages()
    assert night.reconcile_vouchers().repaired == 1
    night.groups()


def test_w14_two_packets_of_one_table_and_different_months(night: Night, monkeypatch: pytest.MonkeyPatch) -> None:
    """They stand side by side in one table; the date in the id says which is cold."""
    today = night.system.runtime.today()
    later = today - timedelta((today.day - 15) % 28)
    earlier = (later.replace(day=1) - timedelta(1)).replace(day=later.day)
    fresh, stale = (over(night, monkeypatch, days=(today - day).days) for day in (later, earlier))
    for packet in (fresh, stale):
        at = parse_packet_id(packet)
        place = cooling.Place(
            night.store(packet), night.system.cold["south"], tables_of(at), False, later - timedelta(1), next=False
        )
        cooling.cool(night.system, place)
    assert (stands(night, fresh), stands(night, stale)) == ("hot", "cold")


STEPS = ("_settled", "_copy", "_verified", "_delete", "_forget")
NOT_ON_THE_WAY = (("_settled", "before"), ("_settled", "after"), ("_copy", "before"), ("_forget", "after"))
"""Who is killed then leaves no note."""


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("when", ["before", "after"])
def test_w14_a_migration_can_end_anywhere(night: Night, monkeypatch: pytest.MonkeyPatch, step: str, when: str) -> None:
    """Killed before or after each step: the packet is found, in whole, and the next pass finishes the move."""
    packet = over(night, monkeypatch)
    at = parse_packet_id(packet)
    before = details.details(night.system, at)
    do = getattr(cooling, step)

    def killed(*arguments: Any) -> Any:
        if when == "after":
            do(*arguments)
        raise Killed

    with monkeypatch.context() as patched, pytest.raises(Killed):
        patched.setattr(cooling, step, killed)
        reconcile(night)
    assert stands(night, packet) in ("hot", "hot cold", "cold")
    night.system.cache.delete(packet_key(packet, at.tagged))
    assert details.details(night.system, at) == before
    on_the_way = reconciliation.count_missing(night.system, 0, 0)
    assert on_the_way == ((step, when) not in NOT_ON_THE_WAY)
    assert reconcile(night).missing == on_the_way
    assert stands(night, packet) == "cold" and reconciliation.count_missing(night.system, 0, 0) == 0


def test_w14_many_migrations_at_once(night: Night, monkeypatch: pytest.MonkeyPatch) -> None:
    """Six processes move the same packets while others read them: each ends cold, once, and every reader finds it."""
    packets = [over(night, monkeypatch) for _ in range(6)]
    expected = {packet: details.details(night.system, parse_packet_id(packet)) for packet in packets}

    def read() -> list[Any]:
        seen = []
        for _ in range(30):
            for packet in packets:
                at = parse_packet_id(packet)
                night.system.cache.delete(packet_key(packet, at.tagged))
                seen.append(details.details(night.system, at) == expected[packet])
        return seen

    results = together([lambda: reconcile(night)] * 6 + [read] * 2)
    assert [each for each in results if isinstance(each, BaseException)] == []
    assert all(all(seen) for seen in results[6:])
    reconcile(night)
    assert {packet: stands(night, packet) for packet in packets} == dict.fromkeys(packets, "cold")
    assert reconciliation.count_missing(night.system, 0, 0) == 0


def test_w14_a_packet_that_differs_in_the_cold_store_is_not_deleted(
    night: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Copy, verify, delete: where the verification fails the day's table keeps the packet, and the drain says so."""
    packet = over(night, monkeypatch)
    at = parse_packet_id(packet)
    row, store = night.row(packet), night.system.cold[at.region]
    assert row
    other = msgspec.structs.asdict(msgspec.structs.replace(row, total_fen=1))
    table = cold_tables(False).orders.packets
    store.write(lambda connection: connection.execute(table.insert(), other))
    reconcile(night)
    assert night.row(packet) == row and reconciliation.count_missing(night.system, 0, 0) == 1
    store.write(lambda connection: connection.execute(table.delete().where(table.c.packet == packet)))
    reconcile(night)
    assert stands(night, packet) == "cold"


@pytest.mark.parametrize("again", [paid_packet, tombstone])
def test_w14_a_delayed_insert_does_not_bring_a_cold_packet_back(
    night: Night, monkeypatch: pytest.MonkeyPatch, again: Callable[[Order], Packet]
) -> None:
    """A payment's insert, or a tombstone's, that comes after the packet went cold changes nothing."""
    packet = over(night, monkeypatch)
    at = parse_packet_id(packet)
    row = night.row(packet)
    assert row
    order = night.system.ledger.paid_order(packet, row.sender, tagged=False)
    assert order
    reconcile(night)
    assert pay.establish(night.system, at, again(order)) == row
    assert stands(night, packet) == "cold"


def test_w14_the_first_insert_after_its_day_is_cold_still_comes(night: Night, monkeypatch: pytest.MonkeyPatch) -> None:
    """A payment that was lost for longer than its day was hot is still settled: returned, with a tombstone."""
    order = lost_payment(night, monkeypatch)
    assert night.reconcile_payments().repaired >= 1
    row = night.row(order.packet)
    assert row and row.state == "void" and night.balance(order.sender) == 1_000_000
    reconcile(night)
    found = cold.find(night.system, parse_packet_id(order.packet))
    assert found and found.state == "void" and night.row(order.packet) is None


def test_w14_an_insert_knows_the_database_clock(night: Night, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before the moment a row is inserted, at it or later it is not."""
    order = lost_payment(night, monkeypatch)
    at, store = parse_packet_id(order.packet), night.store(order.packet)
    now_us = store.read(store.now_us)
    for until_us, inserted in ((now_us, False), (now_us + 60_000_000, True)):
        assert (
            store.write(lambda c, until_us=until_us: rows.insert_packet(c, tombstone(order), at, until_us)) is inserted
        )
    assert night.row(order.packet) == tombstone(order)
    night.reconcile_payments()


def test_w14_the_next_days_table_is_cleared_and_keeps_what_is_unsettled(
    night: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A month ago's packets leave the table that tomorrow needs; one that is not settled stays, and is counted."""
    today = night.system.runtime.today()
    tomorrow = today + timedelta(1)
    ago = next(days for days in range(27, 63) if (today - timedelta(days)).day == tomorrow.day)
    settled, stuck = over(night, monkeypatch, days=ago), old(night, monkeypatch, days=ago)
    counted = night.system.counts.value("not_cleared")
    reconcile(night)
    assert stands(night, settled) == "cold" and night.row(stuck)
    assert night.system.counts.value("not_cleared") == counted + 1
    finish(night, stuck)
    reconcile(night)
    assert night.row(stuck) is None and night.system.counts.value("not_cleared") == counted + 1


def test_w14_cooling_can_be_switched_off(night: Night, monkeypatch: pytest.MonkeyPatch) -> None:
    """With `cools` off, and in passes that do not begin at the beginning, everything stays where it is."""
    packet = over(night, monkeypatch)
    off = night.like(cools=False)
    reconcile(off)
    reconciliation.reconcile(night.system, 1, night.system.runtime.now_us())
    assert stands(night, packet) == "hot"
    off.system.close()
    reconcile(night)
    assert stands(night, packet) == "cold"


@pytest.mark.parametrize(
    "day", [date(2028, 1, 31), date(2028, 2, 28), date(2028, 2, 29), date(2027, 12, 31), date(2027, 3, 1)]
)
@pytest.mark.parametrize("hot_days", [1, 3, 10])
def test_w14_a_day_closes_when_it_becomes_cold(day: date, hot_days: int) -> None:
    """The last microsecond before the midnight it is hot, at midnight it is cold, over the ends of months and years."""
    moment_us = closes_us(day, hot_days)
    assert moment_us == int(datetime.combine(day + timedelta(hot_days), datetime.min.time(), UTC).timestamp()) * 10**6
    assert last_cold_day(moment_us, hot_days) == day
    assert last_cold_day(moment_us - 1, hot_days) == day - timedelta(1)
