"""Packet ids: 27 digits that read back as what they were made of; nothing else is one."""

from datetime import date

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from reference_impl.domain.errors import Refused
from reference_impl.domain.identifiers import (
    LENGTH,
    NUMBERS_AN_EPOCH,
    PacketId,
    is_tagged,
    parse_packet_id,
    voucher_id,
)

IDS = st.builds(
    PacketId,
    region=st.sampled_from(["south", "north"]),
    tagged=st.booleans(),
    source=st.integers(0, 9),
    day=st.dates(),
    shard=st.integers(0, 99),
    epoch=st.integers(0, 10**6 - 1),
    number=st.integers(0, NUMBERS_AN_EPOCH - 1),
)
GOOD = "100202702050000001700000042"


@given(IDS)
@example(PacketId("south", False, 0, date(999, 1, 1), 0, 1, 1))
def test_an_id_reads_back(packet: PacketId) -> None:
    """What is made can be read; its text has one length, and says whether it is tagged."""
    text = str(packet)
    assert len(text) == LENGTH
    assert parse_packet_id(text) == packet
    assert is_tagged(text) == is_tagged(voucher_id(text, 0)) == packet.tagged


@given(st.from_regex(r"[0-9]{27}", fullmatch=True))
def test_digits_are_refused_or_read_back(text: str) -> None:
    """Whatever 27 digits come, they are unknown or stand for exactly one packet."""
    try:
        packet = parse_packet_id(text)
    except Refused as refused:
        assert refused.code == "unknown_packet"
    else:
        assert str(packet) == text


@given(st.text(max_size=40))
def test_any_other_text_is_refused(text: str) -> None:
    """Text that is not 27 ASCII digits is no packet, whatever digits of other scripts it has."""
    if not (len(text) == LENGTH and text.isascii() and text.isdigit()):
        with pytest.raises(Refused, match="no packet has this id"):
            parse_packet_id(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        GOOD[:-1],
        GOOD + "0",
        "3" + GOOD[1:],  # no such region
        "12" + GOOD[2:],  # neither tagged nor live
        GOOD[:7] + "13" + GOOD[9:],  # month 13
        GOOD[:9] + "00" + GOOD[11:],  # day 0
        GOOD.translate({ord(str(n)): chr(0x0660 + n) for n in range(10)}),  # Arabic-Indic digits
        " " + GOOD[1:],
        "-" + GOOD[1:],
    ],
)
def test_garbage_is_refused(text: str) -> None:
    """Near misses are unknown packets, not errors of ours."""
    with pytest.raises(Refused) as caught:
        parse_packet_id(text)
    assert caught.value.code == "unknown_packet"


@given(IDS, IDS)
def test_different_parts_make_different_ids(one: PacketId, other: PacketId) -> None:
    """Two packets have one id only where all their parts are the same."""
    assert (str(one) == str(other)) == (one == other)


@given(IDS, st.integers(0, LENGTH - 1), st.integers(1, 9))
def test_one_wrong_digit_is_another_packet_or_none(packet: PacketId, place: int, by: int) -> None:
    """A mistyped id never reads as the packet that was meant: its digits say all there is, each once."""
    text = str(packet)
    digit = str((int(text[place]) + by) % 10)
    mistyped = text[:place] + digit + text[place + 1 :]
    try:
        other = parse_packet_id(mistyped)
    except Refused as refused:
        assert refused.code == "unknown_packet"
    else:
        assert other != packet and str(other) == mistyped
        assert (other.tagged != packet.tagged) == (place == 1)


@given(IDS)
def test_vouchers_of_a_packet_are_told_apart(packet: PacketId) -> None:
    """The largest packet's vouchers and its refund's all have ids of their own, each with the packet's before it."""
    vouchers = {voucher_id(str(packet), sequence) for sequence in range(1001)}
    assert len(vouchers) == 1001
    assert {voucher.partition("-")[0] for voucher in vouchers} == {str(packet)}
