"""How a journal lies on disk: what the writer and the reader agree on.

A worker leaves `<worker>-0000.journal, -0001.journal …` with records and `<worker>-0000.strings …` with
texts. Every `.journal` begins with a header (its length, the number of its first record, JSON), then
fixed-width records follow. Each half of a record ends with a flag that is written last, so that a record torn
by `kill -9` shows. A `.strings` file holds UTF-8 texts that each end in 0xFF, a byte that UTF-8 never uses;
the n-th text of a worker, counted over its files, has the identity n (0: no text).
"""

import struct
from typing import Final

import msgspec
import numpy as np

VERSION: Final = 1
RECORD_BYTES: Final = 128
COMPLETE_AT: Final = 48  # where the second half begins
COMPLETE_FLAG_AT: Final = RECORD_BYTES - 1
HEADER_STEP_BYTES: Final = 4096
NULL: Final = -(2**63)
END_OF_TEXT: Final = 0xFF
OUTCOME_NUMBERS: Final = {"ok": 1, "fail": 2, "info": 3}
UNFINISHED: Final = "unfinished"
TAGGED: Final = 1
STAGE_BITS: Final = 1  # how far a stage's number is shifted to stand above TAGGED

# Both end with their flag: pack_into fills fields in this order, so the flag is the last byte to change.
BEGIN: Final = struct.Struct("<qqqqIIIHBB")
COMPLETE: Final = struct.Struct("<qqqqqqIIIIxxxxxxxxxxxxxxBB")
_SIZES: Final = struct.Struct("<QQ")

_FIELDS: Final = {
    "person": ("<i8", 0),
    "asked_fen": ("<i8", 8),
    "intended_ns": ("<i8", 16),
    "sent_ns": ("<i8", 24),
    "subject": ("<u4", 32),
    "key": ("<u4", 36),
    "mark": ("<u4", 40),
    "operation": ("<u2", 44),
    "side": ("u1", 46),  # 1: tagged; the bits above it: the number of its stage, 0 for none
    "begun": ("u1", 47),
    "done_ns": ("<i8", 48),
    "answered_fen": ("<i8", 56),
    "sequence": ("<i8", 64),
    "remaining_fen": ("<i8", 72),
    "balance_fen": ("<i8", 80),
    "income_fen": ("<i8", 88),
    "answered_subject": ("<u4", 96),
    "reader": ("<u4", 100),
    "orders": ("<u4", 104),
    "reason": ("<u4", 108),
    "outcome": ("u1", 126),
    "complete": ("u1", COMPLETE_FLAG_AT),
}
RECORD: Final = np.dtype(
    {
        "names": list(_FIELDS),
        "formats": [kind for kind, _ in _FIELDS.values()],
        "offsets": [at for _, at in _FIELDS.values()],
        "itemsize": RECORD_BYTES,
    }
)


class Header(msgspec.Struct, frozen=True):
    """What the reader of one `.journal` must know."""

    version: int
    worker: str
    operations: tuple[str, ...]
    clock_error_ns: int
    records: int  # how many each file has room for
    stages: tuple[str, ...] = ()  # those that operations name by number, from 1


def encode_header(header: Header, first_number: int) -> bytes:
    """Eight bytes of length, eight of the first record's number, the JSON, zeros up to a whole step."""
    text = msgspec.json.encode(header)
    plain = _SIZES.pack(len(text), first_number) + text
    return plain + bytes(-len(plain) % HEADER_STEP_BYTES)


def decode_header(data: bytes) -> tuple[Header, int, int]:
    """The header, the number of the first record, and where the records begin."""
    length, first_number = _SIZES.unpack_from(data)
    plain = _SIZES.size + length
    header = msgspec.json.decode(data[_SIZES.size : plain], type=Header)
    return header, first_number, plain + -plain % HEADER_STEP_BYTES
