"""Retry storms: the same keys from many threads, answers that are lost after the commit, a cache that forgets (W22)."""

import random
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from night import Night, together

from reference_impl.domain.errors import Refused
from reference_impl.domain.packet import Voucher
from reference_impl.stores.cache import CacheError

THREADS = 12
ROUNDS = 4
ANSWER_LOST = 0.25


def forgetful(night: Night, seed: int) -> Night:
    """Another process, a quarter of whose commits are never heard of."""
    other, chance = night.like(open_patience_s=20.0), random.Random(seed)
    for store in (*other.system.orders.values(), *other.system.ledger.stores):
        store.write = _losing_answers(store.write, chance)  # type: ignore[method-assign]
    return other


def _losing_answers(write: Callable[..., Any], chance: random.Random) -> Callable[..., Any]:
    def committed(work: Any) -> Any:
        answer = write(work)
        if chance.random() < ANSWER_LOST:
            raise sa.exc.OperationalError("COMMIT", {}, Exception("no answer came"))
        return answer

    return committed


def insist(ask: Callable[[], Any]) -> Any:
    """Ask until there is a definite answer: what it is, or how it was refused."""
    for _ in range(4000):
        try:
            return ask()
        except Refused as refused:
            if refused.code == "no_preorder" or (refused.kind.definite and refused.code != "limited"):
                return refused.code
        except (sa.exc.SQLAlchemyError, CacheError):
            pass
        time.sleep(0.005)  # as a client does: at once again would only be refused again
    raise AssertionError("there was never an answer")


def forget(night: Night, over: threading.Event) -> None:
    """The cache loses what it holds of packets, again and again: of paid and of preordered ones, and of keys."""
    while not over.wait(0.02):
        for key in night.system.cache.scan_iter(match="packet:*", count=1000):
            night.system.cache.delete(key)


@pytest.mark.parametrize("loses", [False, True])
def test_w22_the_same_keys_from_everywhere(night: Night, loses: bool) -> None:
    """Fund, send, pay and open, each under one key from twelve threads of two processes: one effect and one answer."""
    processes = [forgetful(night, seed) for seed in (1, 2)]
    sender, people = night.person(), [night.person() for _ in range(4)]
    keys = {name: night.key() for name in ("fund", "send", "pay", *map(str, people))}
    over = threading.Event()

    def live(n: int) -> list[Any]:
        me, told = processes[n % 2], []
        insist(lambda: me.system.ledger.fund(sender, 1000, keys["fund"], False))
        packet = insist(lambda: me.send(sender, 1000, 4, key=keys["send"]))
        for _ in range(ROUNDS):
            paid = insist(lambda: me.pay(packet, sender))
            told.append(("pay", paid if isinstance(paid, str) else paid.total_fen, packet))
            for person in people:
                told.append((person, insist(lambda p=person: me.open(packet, p, keys[str(p)])), packet))
        return told

    forgetting = threading.Thread(target=forget, args=(night, over))
    if loses:
        forgetting.start()
    lives = together([lambda n=n: live(n) for n in range(THREADS)])
    over.set()
    assert [one for one in lives if not isinstance(one, list)] == []
    answers = {(what, answer) for told in lives for what, answer, _ in told}
    (packet,) = {packet for told in lives for *_, packet in told}
    assert {answer for what, answer in answers if what == "pay"} == {1000}
    vouchers = [answer for what, answer in answers if what != "pay"]
    assert all(isinstance(voucher, Voucher) for voucher in vouchers), vouchers
    assert sorted(v.person for v in vouchers) == people and sum(v.amount_fen for v in vouchers) == 1000
    assert sorted(vouchers, key=lambda v: v.sequence) == night.opens(packet)
    night.reconcile_vouchers()
    assert night.balance(sender) == 0
    assert {v.person: night.balance(v.person) for v in vouchers} == {v.person: v.amount_fen for v in vouchers}
    if loses:
        forgetting.join()
    for process in processes:
        process.system.close()


def test_w22_a_forgotten_send_pays_once(night: Night) -> None:
    """The caches of three processes forget which packet a key got, before it is paid: of all one is ever paid."""
    sender, key = night.rich(3000), night.key()
    packets = []
    for _ in range(3):
        packets.append(night.like().send(sender, 1000, 2, key=key))
        night.system.cache.delete(f"send:{sender}:{key}")
    paid = together([lambda p=p: night.pay(p, sender) for p in packets * 4])
    (one,) = {answer.packet for answer in paid if not isinstance(answer, Exception)}
    assert {answer.code for answer in paid if isinstance(answer, Refused)} == {"key_bound"}
    assert night.balance(sender) == 2000 and night.escrow(one) == 1000


@pytest.mark.parametrize("other_shard", [False, True])
def test_w22_a_key_is_its_persons_own(night: Night, other_shard: bool) -> None:
    """Two people fund under one key, their accounts in one ledger database or in two: each has their own, once."""
    key, one = night.key(), night.person()
    two = night.in_other_shard(one) if other_shard else night.in_other_shard(night.in_other_shard(one))
    ledger = night.system.ledger
    assert (ledger.shard(one) is ledger.shard(two)) != other_shard
    together([lambda p=p, f=f: ledger.fund(p, f, key, False) for p, f in ((one, 5), (two, 7))] * 6)
    assert (night.balance(one), night.balance(two)) == (5, 7)
    with pytest.raises(Refused, match="already belongs"):
        ledger.fund(one, 6, key, False)
