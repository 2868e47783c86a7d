"""Steering: any share of new packets to either region, while the old ones stay where they are (W03)."""

import time
from datetime import date
from typing import Any

import pytest
from night import Ending, Night

from reference_impl.bootstrap import build
from reference_impl.domain.errors import Refused
from reference_impl.domain.identifiers import PacketId, parse_packet_id
from reference_impl.domain.packet import Order
from reference_impl.packets import elsewhere, send
from reference_impl.packets.send import SendRequest
from reference_impl.stores.cache import preorder_key, send_key
from reference_impl.system import System


def region(packet: str) -> str:
    return parse_packet_id(packet).region


def test_w03_a_share_of_new_packets_goes_north(night: Night) -> None:
    """None, about half, all, and by access point again, whatever access point asks."""
    sender = night.person()
    for percent, least, most in ((0, 0, 0), (50, 30, 70), (100, 100, 100)):
        with night.controls(north_percent=percent):
            gone = [region(night.send(sender, region=at)) for at in ("south", "north") for _ in range(50)]
            assert least <= gone.count("north") <= most
    assert region(night.send(sender, region="north")) == "north"


@pytest.mark.parametrize("north", [True, False])
def test_w03_a_switch_sends_everything_one_way(night: Night, north: bool) -> None:
    """Steering north wins over steering south, and each over the dial."""
    with night.controls(steer_south=1, steer_north=int(north), north_percent=50):
        gone = {region(night.send(night.person(), region=at)) for at in ("south", "north")}
    assert gone == {"north" if north else "south"}


@pytest.mark.parametrize("cached", [True, False])
def test_w03_a_key_keeps_its_packet_while_others_are_steered(night: Night, cached: bool) -> None:
    """The same key gets the same packet after the region was changed, with the cache and without it."""
    system = night if cached else night.blind()
    sender, key = night.rich(), night.key()
    first = system.send(sender, key=key)
    with system.controls(steer_north=1):
        assert region(first) == "south"
        assert system.send(sender, key=key) == first
        assert region(system.send(sender)) == "north"


def test_w22_a_paid_key_keeps_its_packet_when_the_cache_has_lost_it(night: Night) -> None:
    """Lost cache, steering changed, packet paid: the key still answers with its packet, from where it was bound."""
    sender, key = night.rich(), night.key()
    first = night.send(sender, key=key)
    night.pay(first, sender)
    night.system.cache.delete(send_key(sender, key, False), preorder_key(first, False))
    with night.controls(steer_north=1):
        assert night.send(sender, key=key) == night.blind().send(sender, key=key) == first


def test_w03_a_process_of_one_region_asks_the_other(night: Night, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key that was sent to the north once goes there again, whatever is steered by then; others stay."""
    asked: list[tuple[str, str]] = []

    def elsewhere(system: System, region: str, request: SendRequest, wanted: Order, tagged: bool) -> Order:
        asked.append((region, wanted.client_key))
        raise Refused("unavailable")  # the answer was lost on the way

    monkeypatch.setattr(send, "_elsewhere", elsewhere)
    south, sender, key = night.like(serves=("south",)), night.person(), night.key()
    for steered in (1, 0):
        with south.controls(steer_north=steered), pytest.raises(Refused):
            south.send(sender, key=key)
    assert asked == [("north", key)] * 2
    assert region(south.send(sender)) == "south"


THERE = str(PacketId("north", False, 0, date(2027, 2, 5), 0, 1, 1))


@pytest.fixture
def south(night: Night, monkeypatch: pytest.MonkeyPatch) -> Night:
    """A process that serves south only; whatever is sent to the north is the packet THERE."""
    monkeypatch.setattr(elsewhere, "send_elsewhere", lambda *_: THERE)
    return night.like(serves=("south",), links={"north": "http://127.0.0.1:1"})


@pytest.mark.parametrize("north_first", [True, False])
def test_w22_two_taps_are_steered_alike(south: Night, north_first: bool) -> None:
    """One by the cache, which then forgets it, one by the database, and steering changed in between: one packet; a new
    key goes where new ones go by now."""
    sender, key = south.person(), south.key()
    with south.controls(steer_north=int(north_first)):
        first = south.send(sender, key=key)
    south.system.cache.delete(send_key(sender, key, False), preorder_key(first, False))
    with south.controls(steer_north=int(not north_first), order_database=1):
        assert (first == THERE) == north_first
        assert south.send(sender, key=key) == first
        assert (south.send(sender) == THERE) != north_first


@pytest.mark.parametrize("north_first", [True, False])
def test_w22_of_two_processes_the_first_at_the_cache_says_where(
    night: Night, south: Night, north_first: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two that steer one key differently at once: the cache knows one answer, and both give it."""
    other = night.like(serves=south.system.settings.serves, links=south.system.settings.links)
    sender, key, answers, claimed = south.person(), south.key(), [], send._claim

    def claim(*arguments: Any) -> str:
        monkeypatch.setattr(send, "_claim", claimed)
        with other.controls(steer_north=int(north_first)):
            answers.append(other.send(sender, key=key))
        return claimed(*arguments)

    monkeypatch.setattr(send, "_claim", claim)
    with south.controls(steer_north=int(not north_first)):
        answers.append(south.send(sender, key=key))
    assert len(set(answers)) == 1 and len(answers) == 2
    assert (answers[0] == THERE) == north_first


def test_w22_a_key_that_was_bound_elsewhere_is_no_bad_request(night: Night, south: Night) -> None:
    """What another region sent here, and bound there meanwhile: who asks again is told; nothing is refused for good."""
    sender, key = night.person(), night.key()
    with night.controls(order_database=1):
        night.send(sender, key=key, region="north")
    for process in (south, night.blind(serves=("south",))):
        with pytest.raises(Refused) as refused:
            process.send(sender, key=key, region="south", steered=True)
        assert (refused.value.code, refused.value.kind.definite) == ("unavailable", False)


def test_w03_what_is_steered_is_not_steered_again(night: Night) -> None:
    """A process that was asked by another one makes the packet where it was told to, lest it go to and fro."""
    with night.controls(steer_south=1):
        assert region(night.send(night.person(), region="north", steered=True)) == "north"
        assert region(night.send(night.person(), region="north")) == "south"


def test_w03_old_packets_are_served_where_they_live(night: Night) -> None:
    """From half and half to all north: a packet in the south is paid, opened and refunded there."""
    sender = night.rich()
    packet = night.send(sender, region="south")
    with night.controls(steer_north=1):
        night.pay(packet, sender)
        assert night.open(packet).amount_fen > 0
        assert night.store(packet).name.startswith("south")
        night.expire(packet)
        assert night.refund(packet)


def test_w03_steering_is_in_force_everywhere_within_a_second(night: Night) -> None:
    """What one process is told another does a second later, without a request in between."""
    runtime = Ending()
    other = Night(build(night.system.settings, runtime, holder="another process"))
    runtime.spawn("controls", lambda: other.system.controls.watch(0.25))
    with night.controls(steer_north=1):
        time.sleep(1.0)
        assert region(other.send(night.person(), region="south")) == "north"
    time.sleep(1.0)
    assert region(other.send(night.person(), region="south")) == "south"
    runtime.over = True
    time.sleep(0.5)


def test_w03_packets_are_counted_by_region(night: Night) -> None:
    """Preorders and payments show by region (W05: their ratio is the conversion rate), each packet once."""
    here = night.like()
    with here.controls(north_percent=100):
        sender, key = night.rich(), night.key()
        packet = here.send(sender, key=key)
        here.send(sender, key=key)
        here.send(sender)
        here.pay(packet, sender)
        here.pay(packet, sender)
    counts = here.system.counts
    assert (counts.value("preordered", "north", "counter"), counts.value("preordered", "south")) == (2, 0)
    assert (counts.value("paid", "north"), counts.value("paid", "south")) == (1, 0)
