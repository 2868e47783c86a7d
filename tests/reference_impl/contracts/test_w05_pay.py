"""Paying: debited once, a key bound to one packet before any debit (Money rule 2), a crash repaired (rule 1)."""

import time

import pytest
from night import Night, together

from reference_impl.domain.errors import Refused
from reference_impl.domain.identifiers import parse_packet_id
from reference_impl.domain.packet import Order, Packet, paid_packet, tombstone
from reference_impl.packets import pay
from reference_impl.stores.cache import packet_key, preorder_key, send_key


def refused(code: str) -> pytest.RaisesExc[Refused]:
    return pytest.RaisesExc(Refused, check=lambda error: error.code == code)


def lost_payment(night: Night, lasts_ms: int) -> Order:
    """A payment whose packet's row was never written, whose time is over."""
    order = night.pay_only_in_ledger(expires_in_ms=lasts_ms)
    time.sleep(lasts_ms / 1000 + 0.01)
    return order


def test_w05_paying_makes_the_row(night: Night) -> None:
    """The sender's money goes to escrow; the row has the order's terms and expires a lifetime after payment."""
    sender = night.rich(1500)
    packet = night.send(sender, 1000, 5, expires_in_ms=60_000)
    paid = night.pay(packet, sender)
    assert night.row(packet) == paid
    assert (paid.total_fen, paid.shares, paid.remaining_fen, paid.remaining_shares, paid.state) == (
        1000,
        5,
        1000,
        5,
        "paid",
    )
    assert paid.expires_us - paid.paid_us == 60_000_000
    assert (night.balance(sender), night.escrow(packet)) == (500, 1000)


def test_w22_paying_is_done_once(night: Night) -> None:
    """Sixteen payments at once by a sender who has just enough: all get the same answer, one debit."""
    sender = night.rich(1000)
    packet = night.send(sender, 1000)
    answers = together([lambda: night.pay(packet, sender)] * 16)
    assert {type(a) for a in answers} == {Packet}
    assert len({(a.paid_us, a.expires_us) for a in answers if isinstance(a, Packet)}) == 1
    assert (night.balance(sender), night.escrow(packet)) == (0, 1000)


def test_w22_paying_again_without_the_preorder(night: Night) -> None:
    """After the cache lost the order, a repeated payment finds it in the ledger; a stranger learns nothing."""
    sender = night.rich(1000)
    packet = night.send(sender, 1000)
    first = night.pay(packet, sender)
    night.open(packet)
    night.system.cache.delete(preorder_key(packet, False), packet_key(packet, False))
    again = night.pay(packet, sender)
    assert (again.paid_us, again.expires_us) == (first.paid_us, first.expires_us)
    assert night.balance(sender) == 0
    with refused("no_preorder"):
        night.pay(packet, night.in_other_shard(sender))


def test_an_overdrawn_sender_is_refused_and_nothing_is_written(night: Night) -> None:
    """One fen short: no debit, no key bound, no row, no cache; with the fen it works."""
    sender = night.rich(999)
    packet = night.send(sender, 1000)
    before = night.everything()
    with refused("insufficient_funds"):
        night.pay(packet, sender)
    assert night.everything() == before
    night.system.ledger.fund(sender, 1, night.key(), False)
    assert night.pay(packet, sender).state == "paid"


def test_only_the_sender_pays(night: Night) -> None:
    """Somebody else's payment is refused and moves nothing."""
    sender, other = night.rich(), night.rich()
    packet = night.send(sender)
    before = night.everything()
    with refused("not_sender"):
        night.pay(packet, other)
    assert night.everything() == before


def test_money_for_one_pays_one(night: Night) -> None:
    """Eight packets paid at once by a sender who has money for three: three are, and nothing is below zero."""
    sender = night.rich(3000)
    packets = [night.send(sender, 1000) for _ in range(8)]
    results = together([lambda p=p: night.pay(p, sender) for p in packets])
    assert [r.code for r in results if isinstance(r, Refused)] == ["insufficient_funds"] * 5
    assert night.balance(sender) == 0
    assert sum(night.row(p) is not None for p in packets) == 3


def test_a_key_is_never_bound_to_a_second_packet(night: Night) -> None:
    """Money rule 2: the cache forgot, so other processes gave the key other packets; only one can ever be paid."""
    sender, key = night.rich(5000), night.key()
    packets = []
    for _ in range(4):
        packets.append(night.like().send(sender, 1000, key=key))
        night.system.cache.delete(send_key(sender, key, False))
    assert len(set(packets)) == 4
    results = together([lambda p=p: night.pay(p, sender) for p in packets])
    assert [r.code for r in results if isinstance(r, Refused)] == ["key_bound"] * 3
    assert night.balance(sender) == 4000
    assert [night.row(p) is not None for p in packets] == [isinstance(r, Packet) for r in results]


def test_a_lost_row_is_rebuilt_from_the_payment(night: Night) -> None:
    """Money rule 1: a crash between ledger and row; reconciliation makes the row the payment says, once."""
    order = night.pay_only_in_ledger(total_fen=1000, shares=1, expires_in_ms=60_000)
    with refused("not_paid"):
        night.open(order.packet)
    night.system.cache.delete(preorder_key(order.packet, False))
    report = night.reconcile_payments()
    assert report.missing == report.repaired >= 1
    assert night.row(order.packet) == paid_packet(order)
    assert night.open(order.packet).amount_fen == 1000
    assert night.reconcile_payments().missing == 0


def test_a_lost_row_is_rebuilt_by_paying_again(night: Night) -> None:
    """A sender who got no answer and pays again needs no reconciliation, and is debited once."""
    order = night.pay_only_in_ledger(total_fen=1000)
    night.system.cache.delete(preorder_key(order.packet, False))
    before = night.balance(order.sender)
    assert night.pay(order.packet, order.sender) == paid_packet(order) == night.row(order.packet)
    assert night.balance(order.sender) == before


def test_a_payment_that_comes_too_late_is_returned_after_its_tombstone(night: Night) -> None:
    """Money rule 1: after its time a tombstone stands, then the money goes back; a delayed insert cannot follow."""
    order = lost_payment(night, 1)
    before = night.balance(order.sender)
    night.reconcile_payments()
    assert night.row(order.packet) == tombstone(order)
    assert night.balance(order.sender) == before + order.total_fen
    delayed = pay.establish(night.system, parse_packet_id(order.packet), paid_packet(order))
    assert delayed.state == "void"
    for attempt in (lambda: night.pay(order.packet, order.sender), lambda: night.open(order.packet)):
        with refused("void"):
            attempt()
    assert night.reconcile_payments().missing == 0
    assert night.balance(order.sender) == before + order.total_fen
    assert night.escrow(order.packet, order.sender) == 0


def test_a_crash_between_tombstone_and_return_loses_nothing(night: Night) -> None:
    """The tombstone stands and the process dies: the next reconciliation returns the money, once."""
    order = lost_payment(night, 1)
    before = night.balance(order.sender)
    pay.establish(night.system, parse_packet_id(order.packet), tombstone(order))
    assert night.reconcile_payments().missing >= 1
    assert night.balance(order.sender) == before + order.total_fen
    assert night.reconcile_payments().missing == 0
    assert night.balance(order.sender) == before + order.total_fen


def test_many_reconciliations_return_a_payment_once(night: Night) -> None:
    """Eight at once on payments that came too late: each is returned once."""
    orders = [lost_payment(night, 1) for _ in range(3)]
    before = [night.balance(order.sender) for order in orders]
    results = together([night.reconcile_payments] * 8)
    assert not [r for r in results if isinstance(r, BaseException)]
    assert [night.balance(o.sender) - b for o, b in zip(orders, before, strict=True)] == [o.total_fen for o in orders]


def test_the_payment_and_its_return_race(night: Night) -> None:
    """A delayed payer and a reconciler at once: the packet lives with its money, or it is void and that is back."""
    for _ in range(6):
        order = lost_payment(night, 1)
        before = night.balance(order.sender)
        together([lambda o=order: night.pay(o.packet, o.sender), night.reconcile_payments])
        night.reconcile_payments()
        row = night.row(order.packet)
        assert row
        back = order.total_fen if row.state == "void" else 0
        assert night.balance(order.sender) == before + back
        assert night.escrow(order.packet, order.sender) == order.total_fen - back


def test_funding_is_done_once_under_its_key(night: Night) -> None:
    """Sixteen fundings under one key bring the money once; the same key with another amount is refused."""
    person, key = night.person(), night.key()
    results = together([lambda: night.system.ledger.fund(person, 500, key, False)] * 16)
    assert results == [None] * 16
    assert night.balance(person) == 500
    with refused("key_bound"):
        night.system.ledger.fund(person, 501, key, False)
    assert night.balance(person) == 500


@pytest.mark.parametrize("blessing", ["恭喜发财，大吉大利 🧧", "\u0000\u001f\\\"'%s:x", "福" * 5000])
def test_any_blessing_is_kept_with_the_payment(night: Night, blessing: str) -> None:
    """What the sender wrote survives in the pay entry to the letter, whatever it is."""
    sender = night.rich()
    packet = night.send(sender, blessing=blessing)
    night.pay(packet, sender)
    order = night.system.ledger.paid_order(packet, sender, False)
    assert order and order.blessing == blessing
