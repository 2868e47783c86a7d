"""Group commit (W11): in arrival order, a batch at a time, never above the cap; nobody hangs or is served twice."""

import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

from reference_impl.domain.errors import Refused
from reference_impl.packets.group_commit import EachAlone, GroupCommit, Served
from reference_impl.runtime import ThreadRuntime


class Shop:
    """A batch that can be held at the door; it remembers what it served."""

    def __init__(self, work: Callable[[str, list[Any]], list[Any]] | None = None) -> None:
        self.batches: list[list[Any]] = []
        self.inside = self.most_inside = 0
        self.open_door = threading.Event()
        self.open_door.set()
        self._lock = threading.Lock()
        self._work = work
        self.published: list[list[Any]] = []
        self.publish_s = 0.0

    def _publish(self, requests: list[Any]) -> None:
        time.sleep(self.publish_s)
        self.published.append(list(requests))

    def __call__(self, key: str, requests: list[Any]) -> Served:
        with self._lock:
            self.inside += 1
            self.most_inside = max(self.most_inside, self.inside)
            self.batches.append(list(requests))
        self.open_door.wait(5)
        try:
            answers = self._work(key, requests) if self._work else [f"{key}:{request}" for request in requests]
            return Served(answers, lambda: self._publish(requests))
        finally:
            with self._lock:
                self.inside -= 1


def group(shop: Shop, **changes: Any) -> GroupCommit:
    options = {"wait_s": 0.0, "most": 100, "queue": 1000, "patience_s": 5.0} | changes
    return GroupCommit(ThreadRuntime(), shop, **options)


def arrive(pool: ThreadPoolExecutor, opens: GroupCommit, requests: range) -> list[Future[Any]]:
    """Submit requests of one key in this order."""
    futures = []
    for request in requests:
        futures.append(pool.submit(opens.submit, "p", request))
        time.sleep(0.004)
    return futures


def outcome(future: Future[Any]) -> Any:
    error = future.exception(10)
    return error.code if isinstance(error, Refused) else error or future.result()


def test_w11_arrival_order_and_cap() -> None:
    """While the first is served twenty arrive: they are served in the order they came, four in a batch."""
    shop = Shop()
    opens = group(shop, most=4)
    shop.open_door.clear()
    with ThreadPoolExecutor(32) as pool:
        futures = arrive(pool, opens, range(21))
        shop.open_door.set()
        assert [outcome(f) for f in futures] == [f"p:{n}" for n in range(21)]
    assert [n for batch in shop.batches for n in batch] == list(range(21))
    assert [len(batch) for batch in shop.batches] == [1, 4, 4, 4, 4, 4]
    assert shop.most_inside == 1


def test_w11_packets_do_not_wait_for_each_other() -> None:
    """Two packets are served at the same time."""
    both = threading.Barrier(2)

    def meet(key: str, requests: list[Any]) -> list[Any]:
        both.wait(5)
        return requests

    opens = group(Shop(meet))
    with ThreadPoolExecutor(2) as pool:
        assert [f.result(5) for f in [pool.submit(opens.submit, key, key) for key in "ab"]] == ["a", "b"]


def test_w11_the_first_waits_for_company() -> None:
    """Those who come within the waiting time share the first one's batch."""
    shop = Shop()
    with ThreadPoolExecutor(8) as pool:
        futures = arrive(pool, group(shop, wait_s=0.2), range(8))
        assert [outcome(f) for f in futures] == [f"p:{n}" for n in range(8)]
    assert shop.batches == [list(range(8))]


def test_w11_who_gives_up_before_the_batch_is_limited() -> None:
    """One whose turn did not come in its patience is refused, and what it asked for is never done."""
    shop = Shop()
    opens = group(shop, patience_s=0.1)
    shop.open_door.clear()
    with ThreadPoolExecutor(3) as pool:
        futures = arrive(pool, opens, range(3))
        assert [outcome(f) for f in futures[1:]] == ["limited", "limited"]
        shop.open_door.set()
        assert outcome(futures[0]) == "p:0"
        assert opens.submit("p", 3) == "p:3"
    assert shop.batches == [[0], [3]]


def test_w11_who_is_in_the_batch_waits_for_the_commit() -> None:
    """Once its batch has begun an open has the batch's answer, however long the commit takes."""
    shop = Shop()
    opens = group(shop, patience_s=0.1, wait_s=0.05)
    shop.open_door.clear()
    with ThreadPoolExecutor(3) as pool:
        futures = arrive(pool, opens, range(3))
        time.sleep(0.4)
        assert not any(f.done() for f in futures)
        shop.open_door.set()
        assert [outcome(f) for f in futures] == ["p:0", "p:1", "p:2"]


def test_w11_a_full_queue_is_limited() -> None:
    """More than the queue holds are refused at once; the others are served."""
    shop = Shop()
    opens = group(shop, queue=2)
    shop.open_door.clear()
    with ThreadPoolExecutor(8) as pool:
        futures = arrive(pool, opens, range(6))
        assert [outcome(f) for f in futures[3:]] == ["limited"] * 3
        shop.open_door.set()
        assert [outcome(f) for f in futures[:3]] == ["p:0", "p:1", "p:2"]


@pytest.mark.parametrize("wrong", ["raises", "answers too few", "answers too many"])
def test_w11_a_batch_that_fails_fails_for_all_and_ends_nothing(wrong: str) -> None:
    """Everybody in a failed batch has the error, nobody hangs, and the next batch is served."""

    def fail_on_the_second(_key: str, requests: list[Any]) -> list[Any]:
        if 1 not in requests:
            return requests
        if wrong == "raises":
            raise RuntimeError("lost")
        return requests[1:] if wrong == "answers too few" else [*requests, 9]

    shop = Shop(fail_on_the_second)
    opens = group(shop, most=3)
    shop.open_door.clear()
    with ThreadPoolExecutor(8) as pool:
        futures = arrive(pool, opens, range(6))
        shop.open_door.set()
        results = [outcome(f) for f in futures]
    assert [results[0], *results[4:]] == [0, 4, 5]
    assert {type(r) for r in results[1:4]} == {RuntimeError if wrong == "raises" else ValueError}


def test_w11_each_member_has_its_own_answer() -> None:
    """An exception among the answers is raised to its member alone."""
    shop = Shop(lambda _, requests: [Refused("sold_out") if n % 2 else n for n in requests])
    with ThreadPoolExecutor(4) as pool:
        futures = arrive(pool, group(shop, wait_s=0.1), range(4))
        assert [outcome(f) for f in futures] == [0, "sold_out", 2, "sold_out"]


def test_w11_a_crowd_with_little_patience() -> None:
    """Forty threads, three packets, little patience: each request is served once or limited, and all rooms close."""
    chance = random.Random(7)
    served: list[Any] = []

    def work(_key: str, requests: list[Any]) -> list[Any]:
        time.sleep(chance.random() * 0.006)
        served.extend(requests)
        if chance.random() < 0.05:
            raise RuntimeError("lost")
        return requests

    opens = group(Shop(work), most=3, queue=10, patience_s=0.01, wait_s=0.001)

    def person(number: int) -> list[tuple[Any, Any]]:
        seen = []
        for turn in range(15):
            request = (number, turn)
            try:
                seen.append((request, opens.submit(f"p{turn % 3}", request)))
            except Refused as refused:
                seen.append((request, refused.code))
            except RuntimeError:
                seen.append((request, "lost"))
        return seen

    with ThreadPoolExecutor(40) as pool:
        outcomes = [one for seen in pool.map(person, range(40)) for one in seen]
    assert len(served) == len(set(served))
    assert {request for request, answer in outcomes if answer != "limited"} == set(served)
    assert all(answer in (request, "limited", "lost") for request, answer in outcomes)
    assert {"limited", "lost"} < {answer for _, answer in outcomes if isinstance(answer, str)} | {"served"}
    assert opens._rooms == {}


def test_w11_others_are_told_in_the_order_of_the_commits() -> None:
    """While a batch is told to others the next is in the database already, and is told after it."""
    shop = Shop()
    opens = group(shop, most=1)
    shop.publish_s = 0.05
    with ThreadPoolExecutor(4) as pool:
        began = time.monotonic()
        futures = arrive(pool, opens, range(4))
        assert [outcome(f) for f in futures] == ["p:0", "p:1", "p:2", "p:3"]
    assert shop.published == shop.batches == [[0], [1], [2], [3]]
    assert time.monotonic() - began >= 4 * shop.publish_s
    assert opens._rooms == {}


def test_w11_who_comes_while_the_last_batch_is_told_is_served() -> None:
    """Nobody is left behind in a room whose leader is busy telling others."""
    shop = Shop()
    opens = group(shop)
    shop.publish_s = 0.1
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(opens.submit, "p", 0)
        while not shop.batches:
            time.sleep(0.001)
        second = pool.submit(opens.submit, "p", 1)
        assert [outcome(first), outcome(second)] == ["p:0", "p:1"]
    assert shop.published == [[0], [1]]
    assert opens._rooms == {}


def test_w11_alone_the_cap_is_the_counter() -> None:
    """Without group commit each open is a batch, at most four at once; the fifth is refused and leaves no trace."""
    shop = Shop()
    alone = EachAlone(ThreadRuntime(), shop, most=4)
    shop.open_door.clear()
    with ThreadPoolExecutor(8) as pool:
        futures = arrive(pool, alone, range(6))  # type: ignore[arg-type]
        assert [outcome(f) for f in futures[4:]] == ["limited", "limited"]
        shop.open_door.set()
        assert [outcome(f) for f in futures[:4]] == ["p:0", "p:1", "p:2", "p:3"]
    assert shop.most_inside == 4
    assert alone.submit("p", 7) == "p:7"
    assert shop.batches == [[0], [1], [2], [3], [7]]
