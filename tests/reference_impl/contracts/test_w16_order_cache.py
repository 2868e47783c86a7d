"""The order cache fails at sending: straight to the database, with numbers of an independent generator (W16)."""

from typing import Any

import pytest
import sqlalchemy as sa
from night import Night, together

from reference_impl.domain.errors import Refused
from reference_impl.domain.identifiers import COUNTER_SOURCE, GENERATOR_SOURCE, parse_packet_id
from reference_impl.ledger.ledger import Ledger
from reference_impl.packets import preorders, send
from reference_impl.stores.cache import CacheError
from reference_impl.stores.layout import tables_of


def refused(code: str) -> pytest.RaisesExc[Refused]:
    return pytest.RaisesExc(Refused, check=lambda error: error.code == code)


def source(packet: str) -> int:
    return parse_packet_id(packet).source


def change(night: Night, packet: str, **values: Any) -> None:
    """Change a preorder's row."""
    table = tables_of(parse_packet_id(packet)).preorders
    query = sa.update(table).where(table.c.packet == packet).values(values)
    night.store(packet).write(lambda connection: connection.execute(query))


def stands(night: Night, packet: str) -> bool:
    """Is there a preorder's row?"""
    return preorders.read(night.system, parse_packet_id(packet)) is not None


def old(night: Night, packet: str) -> str:
    """A preorder that is older than it may be."""
    change(night, packet, made_us=night.system.runtime.now_us() - 2 * night.system.settings.preorder_s * 1_000_000)
    return packet


@pytest.mark.parametrize("tagged", [False, True])
def test_w16_a_packet_is_sent_and_paid_without_a_cache(night: Night, tagged: bool) -> None:
    """A preorder row of its own side, which gives way to the packet's when it is paid; then it is opened."""
    blind, sender = night.blind(), night.rich(1000, tagged)
    packet = blind.send(sender, 1000, 4, tagged=tagged, region="north", blessing="福")
    assert (source(packet), stands(night, packet), night.row(packet)) == (GENERATOR_SOURCE, True, None)
    assert preorders.read(night.system, parse_packet_id(packet)).blessing == "福"  # type: ignore[union-attr]
    with refused("not_paid"):
        blind.open(packet)
    blind.pay(packet, sender)
    assert (stands(night, packet), night.row(packet).state) == (False, "paid")  # type: ignore[union-attr]
    assert night.balance(sender, tagged) == 0
    voucher = blind.open(packet)
    night.reconcile_vouchers()
    assert night.balance(voucher.person, tagged) == voucher.amount_fen > 0
    assert blind.pay(packet, sender).total_fen == 1000
    assert night.balance(sender, tagged) == 0


def test_w16_an_operator_can_say_so(night: Night) -> None:
    """With the switch on a cache that works is not asked, and off again it is."""
    with night.controls(order_database=1):
        assert source(night.send(night.person())) == GENERATOR_SOURCE
    assert source(night.send(night.person())) == COUNTER_SOURCE


def test_w16_the_same_key_gets_the_same_packet_while_and_after(night: Night) -> None:
    """In the outage, in another process, after the cache came back, and after it was paid."""
    sender, key = night.rich(), night.key()
    packet = night.blind().send(sender, key=key)
    assert night.blind().send(sender, key=key) == packet
    assert night.send(sender, key=key) == packet
    night.pay(packet, sender)
    assert night.send(sender, key=key) == night.blind().send(sender, key=key) == packet
    with refused("key_bound"):
        night.blind().send(sender, 1001, key=key)


def test_w16_one_key_at_once_gets_one_packet(night: Night) -> None:
    """Eight processes without a cache, steered to both regions, and one key: one packet, bound before it is told."""
    sender, key = night.rich(), night.key()
    blind = [night.blind(), night.blind()]
    blind[1].system.controls.set("steer_north", 1, "a test")
    packets = together([lambda n=n: blind[n % 2].send(sender, key=key) for n in range(8)])
    blind[1].system.controls.set("steer_north", 0, "a test")
    assert len(set(map(str, packets))) == 1
    night.pay(str(packets[0]), sender)


@pytest.mark.parametrize("database_first", [False, True])
def test_w16_two_sends_get_one_packet_when_the_cache_fails_between(night: Night, database_first: bool) -> None:
    """One goes by the cache and one by the database, in one process: both get the same packet, and it can be paid."""
    here, sender, key = night.like(), night.rich(), night.key()
    answers, kept = [], send._keep

    def twin() -> None:
        here.system.controls.set("order_database", 1, "a test")
        answers.append(here.send(sender, key=key))
        here.system.controls.set("order_database", 0, "a test")

    def keep(*arguments: Any) -> Any:
        if database_first:
            twin()
        return kept(*arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(send, "_keep", keep)
        answers.append(here.send(sender, key=key))
    if not database_first:
        twin()
    assert len(set(answers)) == 1
    assert night.pay(answers[0], sender).state == "paid"


def test_w16_what_was_told_stays_where_the_cache_knows_another(night: Night) -> None:
    """The cache took a packet, its answer was lost, and the sender was told another one by the database: by the ledger
    everybody tells that; without it this process does by its memory, and the cache learns it."""
    here, sender, key, claimed = night.like(), night.rich(), night.key(), send._claim

    def lost(*arguments: Any) -> str:
        claimed(*arguments)
        raise CacheError("no answer")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(send, "_claim", lost)
        told = here.send(sender, key=key)
    assert source(told) == GENERATOR_SOURCE
    assert night.send(sender, key=key) == here.send(sender, key=key) == told
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Ledger, "bound_packet", lambda *_: None)
        assert [one.send(sender, key=key) for one in (here, night)] == [told, told]
    assert night.pay(told, sender).state == "paid"


def test_w16_generator_and_counter_never_meet(night: Night) -> None:
    """Numbers of both sources from several processes, with a counter that fell in between, are all different."""
    processes = [night.like(), night.blind(), night.like(), night.blind()]
    sender = night.person()
    given = [process.send(sender) for process in processes for _ in range(20)]
    for name in night.system.cache.keys("number:*"):
        night.system.cache.set(name, 0)
    given += [process.send(sender) for process in processes for _ in range(50)]
    numbers = [(at.epoch, at.number) for at in map(parse_packet_id, given)]
    assert len(set(given)) == len(given) == len(set(numbers))
    assert {source(packet) for packet in given} == {COUNTER_SOURCE, GENERATOR_SOURCE}


def test_w16_a_generator_that_starts_again_begins_an_epoch(night: Night) -> None:
    """A process that ends and starts again under the same name gives no number twice, on either side."""
    given = [night.blind().system.generator.next(tagged) for tagged in (False, False, True, True)]
    assert len({(tagged, *number) for tagged, number in zip((0, 0, 1, 1), given, strict=True)}) == 4


def test_w16_the_sweeper_removes_what_nobody_paid(night: Night) -> None:
    """What is too old goes, what is young stays; its key then gets the same packet again, which can be paid."""
    blind, sender, key = night.blind(), night.rich(), night.key()
    late, young = old(night, blind.send(sender, key=key)), blind.send(sender)
    assert preorders.sweep(night.system) >= 1
    assert (stands(night, late), stands(night, young)) == (False, True)
    with refused("no_preorder"):
        night.pay(late, sender)
    assert blind.send(sender, key=key) == late
    assert night.pay(late, sender).state == "paid"


def test_w16_the_sweeper_leaves_a_payment_in_flight(night: Night) -> None:
    """A payment that has begun keeps its preorder, also one that began after the sweeper looked."""
    blind, sender = night.blind(), night.rich()
    packet = old(night, blind.send(sender))
    at, system = parse_packet_id(packet), night.system
    lasts_us = system.settings.preorder_s * 1_000_000
    seen = [
        (store, name)
        for store, tables in system.hot_tables()
        for name in preorders.stale(store, tables, lasts_us)
        if name == packet
    ]
    assert preorders.claim(system, at)
    assert [preorders._sweep_one(store, at, lasts_us) for store, _ in seen] == [0]
    preorders.sweep(system)
    assert stands(night, packet)
    assert night.pay(packet, sender).state == "paid"


def test_w16_payments_and_sweeps_race(night: Night) -> None:
    """At once: the packet is paid and its money is in escrow, or nobody was debited."""
    blind = night.blind()
    for _ in range(6):
        sender = night.rich(1000)
        packet = old(night, blind.send(sender, 1000))
        paid, _ = together([lambda s=sender, p=packet: night.pay(p, s), lambda: preorders.sweep(night.system)])
        row = night.row(packet)
        assert (row is None) == isinstance(paid, Refused)
        assert night.balance(sender) == (1000 if row is None else 0)
        assert not stands(night, packet)


def test_w16_a_payment_that_crashed_is_rebuilt(night: Night) -> None:
    """Debited, and the process dies: reconciliation makes the row and removes the preorder."""
    sender = night.rich(1000)
    packet = night.blind().send(sender, 1000)
    order = preorders.read(night.system, parse_packet_id(packet))
    assert order
    night.system.ledger.pay(order, False)
    night.reconcile_payments()
    assert (stands(night, packet), night.row(packet) is not None) == (False, True)


def test_w16_a_counter_packet_cannot_be_paid_blindly(night: Night) -> None:
    """Whose preorder the cache holds while it is out of reach: nobody knows, so nothing is promised; a paid one is."""
    sender = night.rich(2000)
    unpaid, paid = night.send(sender, 1000), night.send(sender, 1000)
    night.pay(paid, sender)
    blind = night.blind()
    with pytest.raises(CacheError):
        blind.pay(unpaid, sender)
    assert blind.pay(paid, sender).state == "paid"
    assert night.balance(sender) == 1000
