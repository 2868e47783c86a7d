"""What people see: details at once, credited or not (W07); a grab that the cache answers (W12)."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from night import Night

from reference_impl.domain.errors import Refused
from reference_impl.domain.identifiers import parse_packet_id
from reference_impl.domain.packet import Voucher
from reference_impl.packets import grab
from reference_impl.packets.details import details
from reference_impl.packets.views import Details
from reference_impl.stores.cache import packet_key, person_field


def seen(night: Night, packet: str) -> Details:
    return details(night.system, parse_packet_id(packet))


def lines(vouchers: list[Voucher]) -> list[tuple[int, int, int]]:
    return [(v.person, v.amount_fen, v.sequence) for v in vouchers]


def grabbed(night: Night, packet: str, person: int | None = None) -> str:
    try:
        grab.grab(night.system, parse_packet_id(packet), person or night.person())
    except Refused as refused:
        return refused.code
    return "open"


def forget(night: Night, packet: str) -> None:
    night.system.cache.delete(packet_key(packet, packet[1] == "1"))


def forget_an_open(night: Night, packet: str) -> None:
    """The cache missed one open, as when a write to it was lost."""
    night.system.cache.hdel(packet_key(packet, False), person_field(night.opens(packet)[0].person))


def test_w07_details_need_no_credit(night: Night) -> None:
    """With the credit stream standing still every open shows at once; the luckiest when it is sold out, not before."""
    packet = night.paid(1000, 4)
    vouchers = [night.open(packet) for _ in range(3)]
    page = seen(night, packet)
    assert [(o.person, o.amount_fen, o.sequence) for o in page.opens] == lines(vouchers)
    assert (page.state, page.luckiest) == ("paid", None)
    vouchers.append(night.open(packet))
    page = seen(night, packet)
    assert page.state == "exhausted"
    assert page.luckiest == max(vouchers, key=lambda v: (v.amount_fen, -v.sequence)).person
    assert [night.balance(v.person) for v in vouchers] == [0] * 4


def test_w07_the_first_of_equal_shares_is_luckiest(night: Night) -> None:
    """Where two have the most, the earlier is named."""
    packet = night.paid(1000, 4, kind="equal")
    first, *_ = [night.open(packet) for _ in range(4)]
    assert seen(night, packet).luckiest == first.person


@pytest.mark.parametrize("mishap", [forget, forget_an_open])
@pytest.mark.parametrize("state", ["paid", "exhausted", "refunded"])
def test_w07_details_are_right_whatever_the_cache_lost(
    night: Night, mishap: Callable[[Night, str], None], state: str
) -> None:
    """The page is the same from the cache, from the database, and where the cache lost a part before the end."""
    packet = night.paid(1000, 3)
    vouchers = [night.open(packet) for _ in range(2)]
    mishap(night, packet)
    if state == "exhausted":
        vouchers.append(night.open(packet))
    if state == "refunded":
        night.expire(packet)
        night.refund(packet)
    page = seen(night, packet)
    assert [(o.person, o.amount_fen, o.sequence) for o in page.opens] == lines(vouchers)
    assert page.state == state
    forget(night, packet)
    assert seen(night, packet) == seen(night, packet) == page


def test_w07_details_of_what_is_not_there(night: Night) -> None:
    """Unpaid and unknown packets are told apart."""
    packet = night.send(night.person())
    for name, code in ((packet, "not_paid"), (packet[:-8] + "99999999", "unknown_packet")):
        with pytest.raises(Refused) as caught:
            seen(night, name)
        assert caught.value.code == code


@pytest.mark.parametrize("cached", [True, False])
def test_w12_a_grab_is_stopped_where_opening_is_hopeless(night: Night, cached: bool) -> None:
    """Opened before, sold out, over, void, unpaid, unknown: each is told, from the cache or from the database."""
    packet, empty, over, opener = night.paid(), night.paid(1000, 1), night.paid(), night.person()
    unpaid = night.send(night.person())
    night.open(packet, opener)
    night.open(empty)
    night.expire(over)
    night.refund(over)
    if not cached:
        for name in (packet, empty, over):
            forget(night, name)
    for _ in range(2):
        assert grabbed(night, packet) == "open"
        assert grabbed(night, packet, opener) == "already_opened"
        assert grabbed(night, empty) == "sold_out"
        assert grabbed(night, over) == "expired"
        assert grabbed(night, unpaid) == "not_paid"
        assert grabbed(night, packet[:-8] + "99999999") == "unknown_packet"


def test_w12_a_grab_is_answered_by_the_cache_alone(night: Night) -> None:
    """With every order database out of reach a grab of a cached packet is answered, whatever the answer is."""
    packet, empty = night.paid(), night.paid(1000, 1)
    night.open(empty)
    blind = Night(replace(night.system, orders={}))
    assert (grabbed(blind, packet), grabbed(blind, empty)) == ("open", "sold_out")


def test_w12_a_grab_writes_nothing(night: Night) -> None:
    """Grabbing leaves tables and cache as they were."""
    packet = night.paid()
    before = night.everything()
    assert grabbed(night, packet) == "open"
    assert night.everything() == before
