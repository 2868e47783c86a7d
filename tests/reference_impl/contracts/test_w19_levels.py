"""Crediting in levels: with the open, by the stream, or later in a batch; by any way, once (W19, Money rule 6)."""

import itertools
import threading
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from night import Night, together
from test_w06_credit import arrived_once

from reference_impl.domain.packet import Voucher
from reference_impl.resilience.switches import default_of
from reference_impl.stores import stream

LEVELS = ("credit_large_now", "credit_stream", "credit_later")
LARGE_FEN = 100


@pytest.fixture
def operated(night: Night) -> Iterator[Night]:
    """A deployment in which 100 fen are large; its switches are as they were afterwards."""
    night.system.controls.set("large_fen", LARGE_FEN, "test")
    yield night
    for name in ("large_fen", *LEVELS):
        night.system.controls.set(name, default_of(name), "test")


def equal(night: Night, amount_fen: int, shares: int = 2) -> list[Voucher]:
    """Opens of a packet whose every share is `amount_fen`."""
    packet = night.paid(shares * amount_fen, shares, kind="equal")
    return [night.open(packet) for _ in range(shares)]


def path(night: Night, name: str) -> int:
    return night.system.counts.value("credited", name)


def test_w19_by_stream_unless_somebody_says_otherwise(operated: Night) -> None:
    """No switch is on: large and small alike wait in the stream."""
    vouchers = equal(operated, LARGE_FEN) + equal(operated, LARGE_FEN - 1)
    assert [operated.balance(v.person) for v in vouchers] == [0] * 4
    before = path(operated, "stream")
    operated.credit()
    assert arrived_once(operated, vouchers) and path(operated, "stream") == before + 4


def test_w19_what_is_large_is_there_with_the_answer(operated: Night) -> None:
    """From the limit on, the answered open's money is in the account and in no message; below it, in a message only."""
    operated.system.controls.set("credit_large_now", 1, "test")
    before = path(operated, "now")
    large, small = equal(operated, LARGE_FEN), equal(operated, LARGE_FEN - 1)
    assert [operated.balance(v.person) for v in large + small] == [LARGE_FEN] * 2 + [0] * 2
    assert [v for debt in operated.messages() for v in debt.vouchers] == small
    assert path(operated, "now") == before + 2
    operated.credit()
    assert arrived_once(operated, large + small)


def test_w19_the_stream_wins_over_large_now(operated: Night) -> None:
    """Both are set: everything goes by stream."""
    for name in ("credit_large_now", "credit_stream"):
        operated.system.controls.set(name, 1, "test")
    vouchers = equal(operated, LARGE_FEN)
    assert [operated.balance(v.person) for v in vouchers] == [0, 0]
    operated.credit()
    assert arrived_once(operated, vouchers)


def test_w19_later_in_a_batch(operated: Night) -> None:
    """All three are set: no message, no money, until the batch from vouchers credits all; opens and refunds alike."""
    for name in LEVELS:
        operated.system.controls.set(name, 1, "test")
    vouchers = equal(operated, LARGE_FEN) + equal(operated, 1)
    half = operated.paid(500, 5)
    vouchers.append(operated.open(half))
    operated.expire(half)
    refund = operated.refund(half)
    assert refund and operated.messages() == []
    assert [operated.balance(v.person) for v in vouchers] == [0] * 5
    before = path(operated, "batch")
    assert operated.reconcile_vouchers().repaired == 6
    assert arrived_once(operated, [*vouchers, refund]) and path(operated, "batch") == before + 6


@pytest.mark.parametrize("error", [sa.exc.OperationalError("credit", {}, Exception("away")), sa.exc.TimeoutError("no")])
def test_w19_a_large_credit_that_fails_goes_by_the_stream(operated: Night, error: Exception) -> None:
    """The open is committed: its answer is the voucher, whatever became of the credit, and the stream brings it."""
    operated.system.controls.set("credit_large_now", 1, "test")
    failing = operated.like()

    def fail(*_: object) -> int:
        raise error

    failing.system.ledger.credit = fail  # type: ignore[method-assign]
    vouchers = equal(failing, LARGE_FEN)
    failing.system.close()
    assert [operated.balance(v.person) for v in vouchers] == [0, 0]
    assert [debt.vouchers for debt in operated.messages()] == [[v] for v in vouchers]
    operated.credit()
    assert arrived_once(operated, vouchers)


def test_w19_what_is_small_does_not_wait_for_what_is_large(operated: Night) -> None:
    """In one transaction with a large share whose credit hangs, the small share is answered at once."""
    more_than_half = 1 + (LARGE_FEN + 1) // 2
    operated.system.controls.set("large_fen", more_than_half, "test")  # one of two shares of this packet is large
    operated.system.controls.set("credit_large_now", 1, "test")
    hanging = operated.like(group_wait_ms=100.0)
    let_go, credit = threading.Event(), hanging.system.ledger.credit
    hanging.system.ledger.credit = lambda *asked: (let_go.wait(20), credit(*asked))[1]  # type: ignore[method-assign]
    packet = hanging.paid(LARGE_FEN + 1, 2)
    answered: list[Voucher] = []
    one_is_answered = threading.Event()

    def open_one() -> None:
        answered.append(hanging.open(packet))
        one_is_answered.set()

    threads = [threading.Thread(target=open_one) for _ in range(2)]
    for thread in threads:
        thread.start()
    assert one_is_answered.wait(10)
    (small,) = answered
    assert small.amount_fen < more_than_half
    let_go.set()
    for thread in threads:
        thread.join(20)
    operated.credit()
    assert len(answered) == 2 and arrived_once(operated, answered)
    hanging.system.close()


@pytest.mark.parametrize("group_commit", [True, False])
def test_w19_switching_under_load(operated: Night, group_commit: bool) -> None:
    """Twelve threads open while levels change and consumers and batches run: each voucher once."""
    busy = operated.like(group_commit=group_commit)
    packets = [operated.paid(40 * LARGE_FEN, 40) for _ in range(3)]
    over = threading.Event()
    levels = itertools.cycle(itertools.product(LEVELS, (1, 0)))

    def switch() -> None:
        while not over.is_set():
            name, value = next(levels)
            operated.system.controls.set(name, value, "test")
            busy.system.controls.refresh()

    def finish() -> None:
        while not over.is_set():
            operated.credit()
            operated.reconcile_vouchers()

    behind = [threading.Thread(target=work) for work in (switch, finish)]
    for thread in behind:
        thread.start()
    made = together([lambda n=n: [busy.open(packet) for packet in packets for _ in range(3)] for n in range(12)])
    over.set()
    for thread in behind:
        thread.join()
    vouchers = [voucher for some in made for voucher in some]
    operated.credit()
    operated.reconcile_vouchers()
    assert len(vouchers) == 108 and arrived_once(operated, vouchers)
    assert operated.messages(stream.DEAD) == []
    busy.system.close()
