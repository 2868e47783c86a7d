"""Sending: a preorder in the cache only (W05), a number never given twice (Money rule 3), a key's one packet (W22)."""

import threading
import time

import pytest
from night import Night, together

from reference_impl.domain.errors import Refused
from reference_impl.domain.identifiers import parse_packet_id
from reference_impl.packets.numbers import BLOCK
from reference_impl.stores.cache import counter_key, preorder_key, send_key


def tables(night: Night) -> dict[str, object]:
    """What stands in the databases."""
    return {place: rows for place, rows in night.everything().items() if "." in place}


def refused(code: str) -> pytest.RaisesExc[Refused]:
    return pytest.RaisesExc(Refused, check=lambda error: error.code == code)


def test_w05_an_unpaid_packet_is_in_the_cache_only(night: Night) -> None:
    """Sending writes no row anywhere; what it writes in the cache goes by itself."""
    before = tables(night)
    sender, key = night.rich(), night.key()
    after_funding = tables(night)
    packet = night.send(sender, key=key)
    assert before != after_funding == tables(night)
    assert night.row(packet) is None
    for name in (preorder_key(packet, False), send_key(sender, key, False)):
        assert 0 < night.system.cache.ttl(name) <= night.system.settings.preorder_s


def test_w05_an_unpaid_packet_expires_in_the_cache(night: Night) -> None:
    """Open before payment is told so; once the cache has let the order go, the packet is unknown to everybody."""
    sender = night.rich(1000)
    packet = night.send(sender)
    with refused("not_paid"):
        night.open(packet)
    night.system.cache.delete(preorder_key(packet, False))
    with refused("unknown_packet"):
        night.open(packet)
    with refused("no_preorder"):
        night.pay(packet, sender)
    assert night.balance(sender) == 1000


def test_w05_numbers_are_unique_for_many_at_once(night: Night) -> None:
    """Thirty-two senders in two processes of one deployment get packets of their own."""
    other = night.like()
    packets = together([lambda n=n: (night, other)[n % 2].send(night.person()) for n in range(32)])
    assert len({str(packet) for packet in packets}) == 32
    other.system.close()


@pytest.mark.parametrize("mishap", ["set back", "lost", "every key lost"])
def test_w05_numbers_are_unique_when_the_counter_comes_back_older(night: Night, mishap: str) -> None:
    """Money rule 3: a counter that falls costs an epoch, never a number twice."""
    numbers = night.like().system.numbers
    given = [numbers.next(False) for _ in range(BLOCK + 3)]
    counter = counter_key(given[-1][0], False)
    if mishap == "set back":
        night.system.cache.set(counter, 0)
    elif mishap == "lost":
        night.system.cache.delete(counter)
    else:
        night.system.cache.delete(*night.system.cache.keys("number:*"))
    given += [numbers.next(False) for _ in range(3 * BLOCK)]
    assert len(set(given)) == len(given)
    assert given[-1][0] > given[0][0]


def test_w05_numbers_are_unique_while_the_counter_falls_again_and_again(night: Night) -> None:
    """Eight threads take numbers while a ninth keeps losing every counter."""
    numbers, finished = night.like().system.numbers, threading.Barrier(9)

    def take() -> list[tuple[int, int]]:
        taken = [numbers.next(False) for _ in range(4 * BLOCK)]
        finished.wait(30)
        return taken

    def lose() -> list[tuple[int, int]]:
        while finished.n_waiting < 8:
            for name in night.system.cache.keys("number:*"):
                night.system.cache.set(name, 0)
            time.sleep(0.001)
        finished.wait(30)
        return []

    results = together([*[take] * 8, lose])
    given = [number for taken in results if isinstance(taken, list) for number in taken]
    assert len(set(given)) == len(given) == 8 * 4 * BLOCK


def test_w05_the_region_is_in_the_id(night: Night) -> None:
    """A packet lives where its sender's access point is, or where it was asked to; its row is nowhere else."""
    sender = night.rich()
    for region in ("south", "north"):
        packet = night.send(sender, region=region)
        night.pay(packet, sender)
        assert parse_packet_id(packet).region == region
        assert night.store(packet).name.startswith(region)
        holding = [place for place, rows in tables(night).items() if any(packet in row for row in rows if row)]  # type: ignore[attr-defined]
        assert {place.split(".")[0][:5] for place in holding} == {region, "ledge"}


def test_w22_the_same_key_sends_the_same_packet(night: Night) -> None:
    """Sixteen impatient senders with one key get one packet, before and after it is paid."""
    sender, key = night.rich(), night.key()
    packets = together([lambda: night.send(sender, key=key)] * 16)
    assert len(set(map(str, packets))) == 1
    packet = str(packets[0])
    night.pay(packet, sender)
    assert night.send(sender, key=key) == packet


def test_w22_a_key_that_sent_another_order_is_refused(night: Night) -> None:
    """The same key with other terms is a mistake of the client, also when both come at once."""
    sender, key = night.rich(), night.key()
    night.send(sender, key=key)
    with refused("key_bound"):
        night.send(sender, 1001, key=key)
    key = night.key()
    results = together([lambda n=n: night.send(sender, 1000 + n, key=key) for n in range(8)])
    assert [r.code for r in results if isinstance(r, Refused)] == ["key_bound"] * 7


def test_w22_keys_of_different_people_are_different(night: Night) -> None:
    """A key belongs to its sender: two people may choose the same."""
    key = night.key()
    assert night.send(night.person(), key=key) != night.send(night.person(), key=key)
