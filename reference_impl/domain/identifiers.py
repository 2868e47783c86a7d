"""The packet id: 27 digits that say where a packet lives and can never be given twice.

    1      0    0       20270205  00     000017  00000042
    region tag  source  day       shard  epoch   number

The region (W01), the day (W14) and the shard route; the tag keeps pressure traffic apart (Money rule 11); the epoch is
durable, so that a counter that comes back older cannot repeat a number (Money rule 3).
"""

from datetime import date
from typing import Final, NamedTuple

from reference_impl.domain.errors import Refused

REGION_DIGITS: Final = {"south": 1, "north": 2}
REGION_NAMES: Final = {digit: name for name, digit in REGION_DIGITS.items()}
COUNTER_SOURCE: Final = 0
"""The number came from the cache's atomic counter (W05)."""
GENERATOR_SOURCE: Final = 1
"""The number came from the independent generator (W16)."""

NUMBERS_AN_EPOCH: Final = 10**8
EPOCHS: Final = 10**6
LENGTH: Final = 27
MOST_PERSON: Final = 2**53
"""People are numbered from 1 to here: every database and every JSON reader has such an integer whole."""


class PacketId(NamedTuple):
    region: str
    tagged: bool
    source: int
    day: date
    shard: int
    epoch: int
    number: int

    def __str__(self) -> str:
        day = self.day
        return (
            f"{REGION_DIGITS[self.region]}{self.tagged:d}{self.source}{day.year:04d}{day.month:02d}{day.day:02d}"
            f"{self.shard:02d}{self.epoch:06d}{self.number:08d}"
        )


def parse_packet_id(text: str) -> PacketId:
    """The parts of an id; raises Refused("unknown_packet") for text that is none."""
    if len(text) != LENGTH or not (text.isascii() and text.isdigit()) or text[1] not in "01":
        raise Refused("unknown_packet", text[:LENGTH])
    try:
        day = date(int(text[3:7]), int(text[7:9]), int(text[9:11]))
        region = REGION_NAMES[int(text[0])]
    except (ValueError, KeyError):
        raise Refused("unknown_packet", text) from None
    return PacketId(region, text[1] == "1", int(text[2]), day, int(text[11:13]), int(text[13:19]), int(text[19:]))


def voucher_id(packet: str, sequence: int) -> str:
    """The id of the voucher an open (sequence 1, 2, …) or the refund (sequence 0) leaves."""
    return f"{packet}-{sequence}"


def is_tagged(identifier: str) -> bool:
    """Whether a packet or voucher id belongs to pressure traffic."""
    return identifier[1] == "1"
