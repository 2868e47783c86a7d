"""Crediting: money moves once whoever moves it (W06, Money rule 6): crashes, second deliveries, lost messages."""

import contextlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast

import pytest
import redis
import sqlalchemy as sa
from night import Night, together

from reference_impl.domain.identifiers import parse_packet_id
from reference_impl.domain.packet import OpenRequest, Voucher
from reference_impl.ledger.ledger import Ledger
from reference_impl.packets import consuming, crediting
from reference_impl.packets.consuming import MOST_ATTEMPTS
from reference_impl.stores import stream


class Stumbling(Ledger):
    """A ledger whose calls number `failing` (from 1) raise `error`."""

    def __init__(self, ledger: Ledger, failing: Sequence[int], doing: str, error: Exception) -> None:
        super().__init__(ledger.stores)
        self._failing, self._doing, self._error, self._calls = failing, doing, error, 0

    def _stumble(self, doing: str) -> None:
        if doing == self._doing:
            self._calls += 1
            if self._calls in self._failing:
                raise self._error

    def credit(self, *arguments: Any) -> int:
        self._stumble("credit")
        return super().credit(*arguments)

    def _credit_leg(self, *arguments: Any) -> list[Voucher]:
        self._stumble("leg")
        return super()._credit_leg(*arguments)


AWAY = sa.exc.OperationalError("credit", {}, Exception("no database"))
"""What may pass by itself."""


def stumbling(night: Night, failing: Sequence[int], doing: str = "credit", error: Exception = AWAY) -> Night:
    return Night(replace(night.system, ledger=Stumbling(night.system.ledger, failing, doing, error)))


def opened(night: Night, tagged: bool = False) -> list[Voucher]:
    """Vouchers of one packet, of people in both ledger shards, not credited yet."""
    packet = night.paid(1000, 4, tagged=tagged)
    sender = night.row(packet).sender  # type: ignore[union-attr]
    people = [night.person(), night.in_other_shard(sender), night.in_other_shard(sender + 1), sender]
    return [night.open(packet, person) for person in people]


def arrived_once(night: Night, vouchers: Sequence[Voucher], tagged: bool = False) -> bool:
    """Is each voucher's money in its person's account, once, and none on the way?"""
    people = {v.person: v.amount_fen for v in vouchers}
    return (
        [night.times_credited(v.voucher) for v in vouchers] == [1] * len(vouchers)
        and {person: night.balance(person, tagged) for person in people} == people
        and night.clearing() == 0
    )


def rested(night: Night, *, tagged: bool = False) -> None:
    """Make what consumers have in hand as old as what a dead one left."""
    cache: Any = night.system.cache
    for name in (stream.stream_name(s, tagged) for s in (stream.CREDIT, stream.COMPENSATION)):
        for pending in cache.xpending_range(name, stream.GROUP, "-", "+", 100):
            cache.xclaim(name, stream.GROUP, "dead", 0, [pending["message_id"]], idle=night.system.settings.rest_ms + 1)


def test_w06_the_voucher_and_the_packet_are_one_transaction(night: Night) -> None:
    """A voucher that cannot be written leaves the packet as it was, and owes nobody."""
    packet = night.paid(1000, 4)
    before = night.row(packet)
    with pytest.raises(sa.exc.IntegrityError):
        night.system.opens.submit(packet, OpenRequest(night.person(), cast(str, None)))
    assert (night.row(packet), night.opens(packet), night.messages()) == (before, [], [])


def test_w06_credited_later_from_the_stream(night: Night) -> None:
    """An open answers before its money has arrived; the consumer brings it, and the streams are empty."""
    vouchers = opened(night)
    assert [night.balance(v.person) for v in vouchers] == [0] * 4
    assert night.system.ledger.credited(vouchers, False) == set()
    night.credit()
    assert arrived_once(night, vouchers)
    assert night.escrow(vouchers[0].packet) == 0
    assert (night.messages(), stream.backlog(night.system.cache, False)) == ([], 0)


def test_w06_a_message_delivered_again_does_nothing(night: Night) -> None:
    """The same message three times, with new vouchers beside known ones the third time: each voucher once."""
    vouchers = opened(night)
    sender = night.row(vouchers[0].packet).sender  # type: ignore[union-attr]
    debts = [stream.Debt(sender, vouchers[:2]), stream.Debt(sender, vouchers[:2]), stream.Debt(sender, vouchers)]
    for debt in debts:
        stream.add(night.system.cache, stream.CREDIT, False, debt)
    night.credit()
    assert arrived_once(night, vouchers)


def test_w06_every_path_at_once_credits_once(night: Night) -> None:
    """Consumers, reconcilers and direct calls in sixteen threads on the same vouchers, in both shards: each once."""
    vouchers = [v for _ in range(3) for v in opened(night)]
    by_packet: dict[str, list[Voucher]] = {}
    for voucher in vouchers:
        by_packet.setdefault(voucher.packet, []).append(voucher)

    def direct() -> None:
        for packet, owed in by_packet.items():
            night.system.ledger.credit(night.row(packet).sender, owed, False)  # type: ignore[union-attr]

    paths = [night.reconcile_vouchers, night.credit, direct, direct]
    failed = [one for one in together(paths * 4) if isinstance(one, BaseException)]
    assert failed == []
    assert (night.messages(stream.COMPENSATION), night.messages(stream.DEAD)) == ([], [])
    assert arrived_once(night, vouchers)


@pytest.mark.parametrize("again", ["redelivery", "reconciliation"])
def test_w06_a_crash_between_the_two_legs(night: Night, again: str) -> None:
    """Money that left escrow and has not arrived in the other shard arrives by whoever comes next, once."""
    vouchers = opened(night)
    sender = night.row(vouchers[0].packet).sender  # type: ignore[union-attr]
    with pytest.raises(sa.exc.OperationalError):
        stumbling(night, [2], "leg").system.ledger.credit(sender, vouchers, False)
    assert night.clearing() > 0
    assert len(night.system.ledger.credited(vouchers, False)) < 4
    if again == "redelivery":
        night.credit()
    else:
        night.forget_messages()
        assert night.reconcile_vouchers().missing > 0
    assert arrived_once(night, vouchers)


def test_w06_a_consumer_dies_with_messages_in_hand(night: Night) -> None:
    """What a dead consumer took is not lost: after its rest whoever comes credits it, and it leaves the stream."""
    vouchers = opened(night)
    in_hand = list(stream.receive(night.system.cache, stream.CREDIT, False, "dead"))
    assert len(in_hand) == 4
    assert consuming.run_once(night.system, crediting.JOB, "living") == 0
    assert consuming.take_over(night.system, crediting.JOB, "living") == 0
    rested(night)
    assert consuming.take_over(night.system, crediting.JOB, "living") == 4
    assert arrived_once(night, vouchers)
    assert night.debts() == 0


def test_w06_a_consumer_dies_between_credit_and_acknowledgement(night: Night) -> None:
    """The second delivery finds the money moved and only acknowledges."""
    vouchers = opened(night)
    for message in stream.receive(night.system.cache, stream.CREDIT, False, "dead"):
        crediting.credit(night.system, message.body, False)
    rested(night)
    consuming.take_over(night.system, crediting.JOB, "living")
    assert arrived_once(night, vouchers)
    assert night.debts() == 0


class LosesDeletes:
    """A cache whose client dies when it is about to delete from a stream."""

    def __init__(self, cache: Any) -> None:
        self._cache = cache

    def __getattr__(self, name: str) -> Any:
        if name == "xdel":
            raise redis.ConnectionError("died")
        return getattr(self._cache, name)


def test_w06_an_acknowledgement_is_whole(night: Night) -> None:
    """A consumer that dies in the midst of acknowledging leaves no message that nobody will ever finish."""
    vouchers = opened(night)
    for message in stream.receive(night.system.cache, stream.CREDIT, False, "dead"):
        crediting.credit(night.system, message.body, False)
        with contextlib.suppress(redis.ConnectionError):
            stream.acknowledge(LosesDeletes(night.system.cache), message)  # type: ignore[arg-type]
    rested(night)
    consuming.take_over(night.system, crediting.JOB, "living")
    assert night.debts() == 0
    assert arrived_once(night, vouchers)


def test_w06_what_fails_goes_to_compensation_and_is_tried_again(night: Night) -> None:
    """A credit that meets no database is tried again from the compensation stream, after a rest."""
    vouchers = opened(night)
    failing = stumbling(night, range(1, 5))
    failing.credit()
    assert [debt.attempts for debt in night.messages(stream.COMPENSATION)] == [1] * 4
    assert night.messages() == []
    assert consuming.take_over(failing.system, crediting.JOB, "living") == 0  # they rest
    rested(night)
    assert consuming.take_over(failing.system, crediting.JOB, "living") == 4
    assert arrived_once(night, vouchers)
    assert night.debts() == 0


def tried(night: Night, failing: Night, times: int) -> None:
    """A consumer tries what waits, and what rests, so often."""
    failing.credit()
    for _ in range(times):
        consuming.take_over(failing.system, crediting.JOB, "living")
        rested(night)


@pytest.mark.parametrize(
    "error", [sa.exc.DataError("credit", {}, Exception("out of range")), OverflowError("too large"), KeyError("bug")]
)
def test_w06_what_never_works_becomes_a_dead_letter_and_is_found(night: Night, error: Exception) -> None:
    """After its last attempt a debt is set aside, not lost: the dead letter names it, reconciliation credits it."""
    packet = night.paid(500, 1)
    voucher = night.open(packet)
    counted = night.system.counts.value("dead_letters", stream.CREDIT.name)
    failing = stumbling(night, range(1, 1000), error=error)
    tried(night, failing, MOST_ATTEMPTS)
    (dead,) = night.messages(stream.DEAD)
    assert night.system.counts.value("dead_letters", stream.CREDIT.name) == counted + 1
    assert (dead.vouchers, dead.attempts) == ([voucher], MOST_ATTEMPTS)
    assert night.debts() == 0
    assert night.reconcile_vouchers().missing == 1
    assert arrived_once(night, [voucher])


def test_w06_a_database_that_is_away_makes_no_dead_letter(night: Night) -> None:
    """However often it was asked: the debt waits, its first failure remembered, and is credited when there is one."""
    voucher = night.open(night.paid(500, 1))
    tried(night, stumbling(night, range(1, 1000)), 4 * MOST_ATTEMPTS)
    (waiting,) = night.messages(stream.COMPENSATION)
    assert waiting.attempts > 3 * MOST_ATTEMPTS and night.messages(stream.DEAD) == []
    assert 0 < waiting.failed_us <= night.system.runtime.now_us()
    tried(night, night, 2)
    assert arrived_once(night, [voucher])
    assert stream.backlog(night.system.stream, False) == 0


def test_w06_nobody_waits_for_ever(night: Night) -> None:
    """What says that it may pass and has not within the patience of the deployment is a dead letter as well."""
    voucher = night.open(night.paid(500, 1))
    hasty = night.like(dead_after_s=0.0)
    tried(night, stumbling(hasty, range(1, 1000)), 2)
    (dead,) = night.messages(stream.DEAD)
    assert dead.vouchers == [voucher]
    assert night.reconcile_vouchers().missing == 1
    hasty.system.close()


def test_w06_what_ends_whoever_takes_it_is_laid_aside(night: Night) -> None:
    """A message under which one consumer after another dies does not go round for ever; the others go on."""
    voucher = night.open(night.paid(500, 1))
    assert len(list(stream.receive(night.system.stream, stream.CREDIT, False, "dead"))) == 1
    for _ in range(stream.MOST_DELIVERIES):
        assert night.messages(stream.DEAD) == []
        assert len(list(stream.claim(night.system.stream, stream.CREDIT, False, "dead", 0))) == 1
    rested(night)
    consuming.take_over(night.system, crediting.JOB, "living")
    (dead,) = night.messages(stream.DEAD)
    assert dead.vouchers == [voucher] and night.debts() == 0
    assert night.reconcile_vouchers().missing == 1


def test_w06_a_lost_message_is_found(night: Night) -> None:
    """The stream lost everything: reconciliation finds each voucher, credits it once, then finds nothing."""
    vouchers = opened(night)
    night.forget_messages()
    report = night.reconcile_vouchers()
    assert (report.missing, report.repaired) == (4, 4)
    assert arrived_once(night, vouchers)
    assert night.reconcile_vouchers().missing == 0
    night.groups()


def test_w06_opens_go_on_without_the_stream(night: Night) -> None:
    """With the cache gone an open is still answered after its commit; its money is found later."""
    packet = night.paid(1000, 2)
    blind = night.like(cache="redis://127.0.0.1:1/0")
    vouchers = [blind.open(packet), blind.open(packet)]
    assert sum(v.amount_fen for v in vouchers) == 1000
    assert night.messages() == []
    assert night.reconcile_vouchers().repaired == 2
    assert arrived_once(night, vouchers)
    blind.system.close()


def test_w06_a_ledger_that_is_short_credits_nothing_of_a_message(night: Night) -> None:
    """Vouchers that escrow cannot cover are credited neither in part nor to anybody; the debt is set aside."""
    vouchers = opened(night)
    night.credit()
    forged = [Voucher(vouchers[0].packet, 9, night.person(), 1, 0, 1, "k")]
    sender = night.row(vouchers[0].packet).sender  # type: ignore[union-attr]
    stream.add(night.system.cache, stream.CREDIT, False, stream.Debt(sender, forged))
    night.credit()
    assert night.balance(forged[0].person) == 0
    assert len(night.messages(stream.COMPENSATION)) == 1
    assert arrived_once(night, vouchers)


def test_w06_consumers_share_the_work(night: Night) -> None:
    """Four consumers at once on forty vouchers: each message is worked on, each voucher credited once."""
    packet = night.paid(4000, 40)
    vouchers = [night.open(packet) for _ in range(40)]

    def consume(name: str) -> int:
        seen = 0
        while taken := consuming.run_once(night.system, crediting.JOB, name):
            seen += taken
        return seen

    seen = together([lambda n=n: consume(f"c{n}") for n in range(4)])
    assert sum(n for n in seen if isinstance(n, int)) == 40
    assert arrived_once(night, vouchers)


def test_the_ledger_balances_after_a_storm(night: Night) -> None:
    """Funding, paying and crediting across shards in twelve threads: nothing fails, accounts are what postings say."""

    def life() -> str:
        packet = night.paid(100, 4)
        sender = night.row(packet).sender  # type: ignore[union-attr]
        owed = [night.open(packet) for _ in range(4)]
        night.system.ledger.credit(sender, owed, False)
        other = night.rich(10)
        night.pay(night.send(other, 10, 1), other)
        return packet

    packets = together([life] * 12)
    assert [p for p in packets if not isinstance(p, str)] == []
    for store in night.system.ledger.stores:
        drift = (
            "SELECT a.account FROM all_accounts a LEFT JOIN all_postings p ON p.account = a.account AND p.tag = a.tag"
        )
        drift += " GROUP BY a.account, a.tag, a.balance_fen HAVING a.balance_fen <> COALESCE(SUM(p.amount_fen), 0)"
        assert store.read(lambda c, text=drift: c.exec_driver_sql(text).all()) == []
    assert all(parse_packet_id(str(p)) and night.escrow(str(p)) == 0 for p in packets)


@pytest.mark.parametrize("fields", [{"debt": "not json"}, {"debt": '{"sender": "me"}'}, {"other": "1"}])
def test_w06_an_unreadable_message_is_laid_aside(night: Night, fields: dict[str, Any]) -> None:
    """It goes to the dead letters of its side, holds nobody up, and no backlog is left of it."""
    night.credit()
    cache, dead = night.system.cache, stream.stream_name(stream.DEAD, False)
    before = cache.xlen(dead)
    cache.xadd(stream.stream_name(stream.CREDIT, False), fields)  # type: ignore[arg-type]
    vouchers = opened(night)
    night.credit()
    assert arrived_once(night, vouchers)
    assert cache.xlen(dead) == before + 1
    assert stream.backlog(cache, False) == 0
    cache.delete(dead)
