"""HdrHistograms of latencies in microseconds, as text that the standard tools read.

Three significant digits: below 2,048 us every value has a bucket of its own; above, buckets double in width with every
power of two, so that none is wider than a thousandth of its value. Format: V2, zigzag LEB128 counts, zlib, base64, as
http://hdrhistogram.org describes it; a log has one line an interval and tag.
"""

import struct
import zlib
from base64 import b64encode
from collections.abc import Iterable, Mapping
from math import ceil
from typing import Final

from msgspec import Struct

HIGHEST_US: Final = 3_600_000_000  # an hour; what takes longer counts as that
FULL: Final = 2048  # values below have buckets of their own
HALF: Final = FULL // 2
_HALF_BITS: Final = HALF.bit_length() - 1
_DIGITS: Final = 3
_PLAIN: Final = struct.Struct(">iiiiqqd")
_PACKED: Final = struct.Struct(">ii")
_PLAIN_COOKIE: Final = 0x1C849313
_PACKED_COOKIE: Final = 0x1C849314
_HEADER: Final = (
    "#[Histogram log format version 1.3]\n"
    "#[StartTime: {start:.3f} (seconds since epoch)]\n"
    '"StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram"\n'
)

Counts = Mapping[int, int]
"""Bucket → how many values fell into it."""


class Interval(Struct, frozen=True):
    """What was counted under `tag` from `start_s` on, for `length_s`; seconds since the log's start."""

    tag: str
    start_s: float
    length_s: float
    counts: Counts


def bucket(value_us: int) -> int:
    """The number of the bucket that `value_us` falls into."""
    value_us = min(max(value_us, 0), HIGHEST_US)
    shift = max(0, value_us.bit_length() - 1 - _HALF_BITS)
    return shift * HALF + (value_us >> shift)


def highest_us(number: int) -> int:
    """The highest value of bucket `number`: what a reader of the histogram says of all that fell into it."""
    shift = max(0, number // HALF - 1)
    return ((number - shift * HALF + 1) << shift) - 1


def percentile_us(counts: Counts, share: float) -> int:
    """The least bucket's value that at least `share` of all values do not exceed; 0 of none."""
    wanted = max(1, ceil(share * sum(counts.values()) - 1e-9))
    for number in sorted(counts):
        wanted -= counts[number]
        if wanted <= 0:
            return highest_us(number)
    return 0


def encode(counts: Counts) -> str:
    """One histogram in HdrHistogram's compressed V2 format."""
    payload = bytearray()
    expected = 0
    for number in sorted(counts):
        if number > expected:
            _put(payload, expected - number)  # a run of empty buckets
        _put(payload, counts[number])
        expected = number + 1
    plain = _PLAIN.pack(_PLAIN_COOKIE, len(payload), 0, _DIGITS, 1, HIGHEST_US, 1.0) + payload
    packed = zlib.compress(plain)
    return b64encode(_PACKED.pack(_PACKED_COOKIE, len(packed)) + packed).decode()


def log(start_s: float, intervals: Iterable[Interval]) -> str:
    """A histogram log that began at `start_s` seconds since the epoch; `Interval_Max` is in milliseconds."""
    return _HEADER.format(start=start_s) + "".join(map(_line, intervals))


def _line(interval: Interval) -> str:
    max_ms = highest_us(max(interval.counts)) / 1000
    moments = f"{interval.start_s:.3f},{interval.length_s:.3f},{max_ms:.3f}"
    return f"Tag={interval.tag},{moments},{encode(interval.counts)}\n"


def _put(payload: bytearray, value: int) -> None:
    """ZigZag, then seven bits a byte, least first; a ninth byte would hold eight, which no count of ours reaches."""
    left = value << 1 if value >= 0 else (-value << 1) - 1
    while left >= 0x80:
        payload.append(left & 0x7F | 0x80)
        left >>= 7
    payload.append(left)
