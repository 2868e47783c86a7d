"""Money rule 11: tagged work lives in shadow tables and prefixed keys, by every path; neither side is in the other."""

from typing import Any

import pytest
from night import Night

from reference_impl.domain.identifiers import parse_packet_id
from reference_impl.packets import crediting, details, expiry, grab
from reference_impl.packets.crediting import TagMismatch
from reference_impl.resilience.shadow import rows_of_keys
from reference_impl.stores import stream
from reference_impl.stores.layout import SHADOW


def sides(night: Night) -> tuple[dict[str, Any], dict[str, Any]]:
    """What stands on the live side and on the shadow side, tables and keys; an empty stream is nothing."""
    live: dict[str, Any] = {}
    shadow: dict[str, Any] = {}
    for place, content in night.everything().items():
        name = place.split(".")[-1]
        if content:
            (shadow if name.startswith(SHADOW) else live)[place] = content
    return live, shadow


def whole_life(night: Night, tagged: bool) -> None:
    """Every path that a packet's money can take, on one side."""
    key = night.key()
    person = night.rich(5000, tagged)
    night.send(person, tagged=tagged)
    packet = night.send(person, 1000, 4, key=key, tagged=tagged)
    night.pay(packet, person)
    at = parse_packet_id(packet)
    grab.grab(night.system, at, night.person())
    for opener in (night.person(), night.in_other_shard(person), person):
        night.open(packet, opener)
    details.details(night.system, at)
    night.credit()
    night.open(packet)
    night.forget_messages()
    night.groups()
    night.reconcile_vouchers()
    over = night.paid(tagged=tagged)
    night.expire(over)
    expiry.sweep(night.system)
    night.credit()
    night.pay_only_in_ledger(tagged=tagged)
    night.reconcile_payments()


@pytest.mark.parametrize("tagged", [True, False])
def test_a_life_on_one_side_leaves_the_other_as_it_was(night: Night, tagged: bool) -> None:
    """Send, pay, grab, open, credit, refund and reconcile on one side; the other side is the same to the byte."""
    before = sides(night)
    whole_life(night, tagged)
    after = sides(night)
    assert after[not tagged] == before[not tagged]
    grown = {place for place, content in after[tagged].items() if content != before[tagged].get(place)}
    kinds = {place.split(".")[-1].removeprefix(SHADOW).split("_")[0] for place in grown}
    assert {"packets", "vouchers", "accounts", "entries", "postings", "client"} <= kinds


def test_a_person_has_an_account_on_each_side(night: Night) -> None:
    """The same number on the other side is another account."""
    person = night.rich(100, tagged=True)
    assert (night.balance(person, tagged=True), night.balance(person)) == (100, 0)


def test_a_tagged_voucher_in_the_live_stream_is_not_credited(night: Night) -> None:
    """A hop that lost the tag is refused: no live account moves; the right side finds its voucher by reconciliation."""
    packet = night.paid(tagged=True)
    voucher = night.open(packet)
    sender = night.row(packet).sender  # type: ignore[union-attr]
    night.forget_messages()
    night.groups()
    debt = stream.Debt(sender, [voucher])
    with pytest.raises(TagMismatch):
        crediting.credit(night.system, debt, False)
    stream.add(night.system.cache, stream.CREDIT, False, debt)
    night.credit()
    assert (night.balance(voucher.person), night.balance(voucher.person, tagged=True)) == (0, 0)
    night.reconcile_vouchers()
    assert (night.balance(voucher.person), night.balance(voucher.person, tagged=True)) == (0, voucher.amount_fen)


def test_every_key_of_the_cache_can_be_audited(night: Night) -> None:
    """The audit tells of every key and message on which side it is and on which side its id belongs; they agree."""
    for tagged in (False, True):
        packet = night.paid(tagged=tagged)
        night.open(packet)
    found = list(rows_of_keys(night.system.cache))
    assert {row.shadow for row in found if row.subject} == {True, False}
    assert [row for row in found if row.tag is not None and row.tag is not row.shadow] == []
    assert {row.place for row in found} >= {"stream:credit", "shadow_stream:credit"}


@pytest.mark.parametrize("key", ["stream:1", "x:" + "1" * 27, "1" * 27, "send:7:8", "shadow_"])
def test_the_audit_is_not_misled_by_what_clients_choose(night: Night, key: str) -> None:
    """An idempotency key that looks like a stream or like a packet's id is neither."""
    sender = night.person()
    night.send(sender, key=key)
    (mine,) = [row for row in rows_of_keys(night.system.cache) if row.person == str(sender)]
    assert (mine.shadow, mine.subject, mine.tag) == (False, None, None)
