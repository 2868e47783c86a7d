"""People's lists: one home, written through the stream, reconciled with the orders (W02)."""

from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa
from night import Night, together

from reference_impl.domain.identifiers import parse_packet_id
from reference_impl.domain.lists import RECEIVED, SENT, Line
from reference_impl.packets import consuming, list_rows, listing
from reference_impl.packets.lists import page
from reference_impl.reconcile import lists
from reference_impl.stores import stream
from reference_impl.stores.list_tables import list_table


def rows(night: Night, person: int, box: str, tagged: bool = False) -> dict[str, int]:
    """What stands in a list: packet → fen."""
    found = night.system.lists.read(lambda c: list_rows.newest(c, person, box, None, 1000, tagged))
    return {line.packet: line.amount_fen for line in found}


def shown(night: Night, person: int, box: str, tagged: bool = False) -> dict[str, int]:
    """What the person sees of it on the first screen."""
    return {line.packet: line.amount_fen for line in page(night.system, person, box, None, tagged).lines}


def sender(night: Night, packet: str) -> int:
    row = night.row(packet)
    assert row
    return row.sender


def change(night: Night, person: int, **values: Any) -> None:
    """Somebody spoils a person's lists."""
    table = list_table(False)
    query = sa.update(table).where(table.c.person == person).values(values)
    night.system.lists.write(lambda connection: connection.execute(query))


def test_w02_lists_appear_after_the_order(night: Night) -> None:
    """A sent line once it is paid, a received line once it is opened, on either region's packets; neither before."""
    for region in ("south", "north"):
        giver, taker = night.rich(1000), night.person()
        packet = night.send(giver, 1000, 4, region=region)
        night.credit()
        assert (rows(night, giver, SENT), rows(night, taker, RECEIVED)) == ({}, {})
        night.pay(packet, giver)
        voucher = night.open(packet, taker)
        night.credit()
        assert shown(night, giver, SENT) == {packet: 1000}
        assert shown(night, taker, RECEIVED) == {packet: voucher.amount_fen}
        assert (rows(night, giver, RECEIVED), rows(night, taker, SENT)) == ({}, {})


def test_w02_refunds_and_returned_payments_are_not_lines(night: Night) -> None:
    """Who gets the rest back has received nothing, and what was never paid in the end was not sent."""
    packet = night.paid(1000, 4)
    night.expire(packet)
    night.refund(packet)
    order = night.pay_only_in_ledger(expires_in_ms=1)
    night.system.runtime.sleep(0.01)
    night.reconcile_payments()
    night.credit()
    night.reconcile_lists()
    returned = night.row(order.packet)
    assert returned and returned.state == "void"
    assert rows(night, sender(night, packet), SENT) == {packet: 1000}
    assert rows(night, sender(night, packet), RECEIVED) == rows(night, order.sender, SENT) == {}


def test_w02_a_lost_message_is_found_and_repaired(night: Night) -> None:
    """With the stream emptied the lines are missing, are counted, and are written once by the reconciliation."""
    night.reconcile_lists()
    taker, packet = night.person(), night.paid(1000, 4)
    voucher = night.open(packet, taker)
    night.forget_messages()
    far_us = night.system.runtime.now_us() + 60_000_000
    assert rows(night, taker, RECEIVED) == {} and lists.count_missing(night.system, 0, far_us) == 2
    report = night.reconcile_lists()
    assert (report.missing, report.repaired) == (2, 2) and report.examined >= 2
    assert rows(night, taker, RECEIVED) == {packet: voucher.amount_fen}
    assert rows(night, sender(night, packet), SENT) == {packet: 1000}
    assert night.reconcile_lists().missing == 0


def test_w02_what_is_wrong_is_mended(night: Night) -> None:
    """A line with another amount or moment becomes what the order says."""
    taker, packet = night.person(), night.paid(1000, 4)
    voucher = night.open(packet, taker)
    night.credit()
    for wrong in ({"amount_fen": 999_999}, {"at_us": 5}):
        change(night, taker, **wrong)
        assert night.reconcile_lists().repaired == 1
        (line,) = page(night.system, taker, RECEIVED, None, False).lines
        assert (line.amount_fen, line.at_us) == (voucher.amount_fen, voucher.made_us)


def test_w02_only_what_is_asked_about_is_reconciled(night: Night) -> None:
    """What was made outside of the two moments is left alone."""
    night.reconcile_lists()
    began_us = night.system.runtime.now_us()
    night.open(night.paid(1000, 4))
    night.forget_messages()
    assert lists.reconcile(night.system, 0, began_us - 60_000_000).missing == 0
    assert lists.reconcile(night.system, began_us - 60_000_000, began_us + 60_000_000).missing == 2


def test_w02_tagged_people_have_the_shadow_table(night: Night) -> None:
    """Lines of tagged packets stand on the shadow side only, by stream and by reconciliation."""
    for by_stream in (True, False):
        taker, packet = night.person(), night.paid(1000, 4, tagged=True)
        night.open(packet, taker)
        night.credit() if by_stream else night.forget_messages()
        night.reconcile_lists()
        assert set(rows(night, taker, RECEIVED, tagged=True)) == {packet}
        assert rows(night, taker, RECEIVED) == rows(night, sender(night, packet), SENT) == {}


def test_w02_a_second_delivery_writes_nothing_new(night: Night) -> None:
    """A consumer that dies before it acknowledges: the next one writes the same lines."""
    taker, packet = night.person(), night.paid(1000, 4)
    voucher = night.open(packet, taker)
    messages = list(stream.receive(night.system.stream, stream.LISTS, False, "dies"))
    for message in messages:
        listing.write(night.system, message.body.lines, False)
    impatient = night.like(rest_ms=0)
    assert consuming.take_over(impatient.system, listing.JOB, "living") == len(messages) == 2
    assert rows(night, taker, RECEIVED) == {packet: voucher.amount_fen}
    assert stream.backlog(night.system.stream, False) == 1  # the debt
    impatient.system.close()


def test_w02_lists_that_cannot_be_written_are_compensated(night: Night) -> None:
    """With the lists' database away opens and credits go on; the lines come when it is back."""

    class Away:
        def write(self, _: Any) -> None:
            raise sa.exc.OperationalError("write", {}, Exception("no database"))

    taker, packet = night.person(), night.paid(1000, 4)
    voucher = night.open(packet, taker)
    blind = Night(replace(night.system, lists=Away()))  # type: ignore[arg-type]
    blind.credit()
    assert night.balance(taker) == voucher.amount_fen
    assert len(night.messages(stream.LISTS_COMPENSATION)) == 2
    assert rows(night, taker, RECEIVED) == {}
    patient = night.like(rest_ms=0)
    for _ in range(2):
        consuming.take_over(patient.system, listing.JOB, "living")
    assert rows(night, taker, RECEIVED) == {packet: voucher.amount_fen}
    assert stream.backlog(night.system.stream, False) == 0
    patient.system.close()


def test_w02_a_live_line_in_the_shadow_stream_is_not_written(night: Night) -> None:
    """Money rule 11: side of stream and side of packet must agree."""
    person, packet = night.person(), night.paid(1000, 4)
    line = Line(person, RECEIVED, packet, 1, 1)
    with pytest.raises(listing.TagMismatch):
        listing.write(night.system, [line], tagged=True)
    assert rows(night, person, RECEIVED) == rows(night, person, RECEIVED, tagged=True) == {}


def test_w02_a_region_without_the_other_reads_and_writes_the_same_lists(night: Night) -> None:
    """A process that serves north only writes its packets' lines into the one home, and reads what south wrote."""
    north = night.like(serves=("north",))
    taker = night.person()
    packets = [night.paid(1000, 4, region=region) for region in ("south", "north")]
    night.open(packets[0], taker)
    north.open(packets[1], taker)
    night.credit()
    assert set(shown(north, taker, RECEIVED)) == set(packets)
    night.forget_messages()
    change(night, taker, amount_fen=7)
    assert north.reconcile_lists().repaired == 1
    south_fen = rows(night, taker, RECEIVED)[packets[0]]
    assert (south_fen, parse_packet_id(packets[0]).region) == (7, "south")
    north.system.close()
    night.reconcile_lists()


def test_w02_writers_of_the_same_lines_do_not_fall_over_each_other(night: Night) -> None:
    """Many write one packet's lines at once, in different orders: all end, and every line is right."""
    packet = night.paid(4000, 40)
    vouchers = {v.person: v.amount_fen for v in (night.open(packet) for _ in range(40))}
    lines = [Line(person, RECEIVED, packet, fen, 1) for person, fen in vouchers.items()]
    orders = [lines, lines[::-1], lines[20:] + lines[:20]] * 3
    done = together([lambda order=order: listing.write(night.system, order, False) for order in orders])
    assert [one for one in done if one is not None] == []
    assert {person: rows(night, person, RECEIVED)[packet] for person in vouchers} == vouchers
    night.reconcile_lists()
