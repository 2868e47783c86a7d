"""Face to face: a short code that stands for a packet for a short while (W23)."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from night import Night, together

from reference_impl.domain.errors import Refused
from reference_impl.domain.identifiers import parse_packet_id
from reference_impl.packets import codes
from reference_impl.stores.cache import code_key, code_of_key


@contextmanager
def few_codes(night: Night) -> Iterator[Night]:
    """A process that has ten codes a region."""
    scarce = night.like(code_digits=(2,))
    yield scarce
    for region in "12":
        night.system.cache.delete(*(code_key(f"{region}{number}", False) for number in range(10)))
    scarce.system.close()


def give(night: Night, packet: str) -> str:
    return codes.give(night.system, parse_packet_id(packet))


def find(night: Night, code: str, tagged: bool = False) -> str:
    """The packet a code stands for, or why there is none."""
    try:
        return str(codes.find(night.system, code, tagged))
    except Refused as refused:
        return refused.code


@pytest.mark.parametrize("region", ["south", "north"])
@pytest.mark.parametrize("tagged", [False, True])
def test_w23_a_code_leads_to_its_packet(night: Night, region: str, tagged: bool) -> None:
    """Four to six digits, the first of them the region's; the other side does not find it; the core opens it."""
    packet = night.paid(1000, 4, region=region, tagged=tagged)
    code = give(night, packet)
    assert code.isdigit() and 4 <= len(code) <= 6 and code[0] == packet[0]
    assert (find(night, code, tagged), find(night, code, not tagged)) == (packet, "unknown_code")
    assert night.open(find(night, code, tagged)).packet == packet


def test_w23_the_same_packet_has_the_same_code(night: Night) -> None:
    """Asked for again, and by many at once, it is one code."""
    packet = night.paid()
    told = together([lambda: give(night, packet)] * 8)
    assert set(told) == {give(night, packet)}
    assert find(night, str(told[0])) == packet


def test_w23_no_code_is_given_twice(night: Night) -> None:
    """Ten codes for thirty packets that ask at once: ten get one each, the others are told that there is none."""
    packets = [night.paid() for _ in range(30)]
    with few_codes(night) as scarce:
        told = together([lambda packet=packet: give(scarce, packet) for packet in packets])
        given = [one for one in told if isinstance(one, str)]
        assert len(given) == len(set(given)) and 1 <= len(given) <= 10
        assert {one.code for one in told if isinstance(one, Refused)} == {"limited"}
        assert [find(scarce, one) for one in told if isinstance(one, str)] == [
            packet for packet, one in zip(packets, told, strict=True) if isinstance(one, str)
        ]


def test_w23_longer_codes_where_short_ones_are_taken(night: Night) -> None:
    """When all of one length are taken the next longer one is."""
    scarce = night.like(code_digits=(2, 4))
    given = [give(scarce, night.paid()) for _ in range(30)]
    assert len(set(given)) == 30 and {len(code) for code in given} == {2, 4}
    scarce.system.close()


def test_w23_a_code_lives_a_short_while(night: Night) -> None:
    """It is gone when its time is over, never before it is no longer told, and its packet gets another."""
    packet = night.paid()
    code = give(night, packet)
    cache: Any = night.system.cache
    told_ms, lives_ms = cache.pttl(code_of_key(packet, False)), cache.pttl(code_key(code, False))
    assert 0 < told_ms < lives_ms <= (night.system.settings.code_s + codes.OUTLIVES_S) * 1000
    cache.delete(code_key(code, False), code_of_key(packet, False))
    assert find(night, code) == "unknown_code"
    assert find(night, give(night, packet)) == packet


def test_w23_only_the_sender_is_told(night: Night) -> None:
    """Before and after payment; for a packet that is none there is no code."""
    sender = night.rich()
    packet = night.send(sender)
    for _ in range(2):
        assert codes.give_to(night.system, parse_packet_id(packet), sender) == give(night, packet)
        with pytest.raises(Refused, match="sender"):
            codes.give_to(night.system, parse_packet_id(packet), sender + 1)
        night.pay(packet, sender)
        night.system.cache.delete(f"preorder:{packet}")
    with pytest.raises(Refused) as caught:
        codes.give_to(night.system, parse_packet_id(packet[:-8] + "99999999"), sender)
    assert caught.value.code == "unknown_packet"


def test_w23_an_unpaid_packet_is_found_and_not_opened(night: Night) -> None:
    """The code decides nothing: the core refuses."""
    packet = night.send(night.rich())
    with pytest.raises(Refused) as caught:
        night.open(find(night, give(night, packet)))
    assert caught.value.code == "not_paid"


@pytest.mark.parametrize("code", ["", "1", "123", "1234567", "12a4", "１２３４", "*", "-123"])
def test_w23_what_is_no_code_is_unknown(night: Night, code: str) -> None:
    """Nothing but four to six digits is looked for."""
    assert find(night, code) == "unknown_code"
