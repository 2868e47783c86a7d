"""The decoder made for an operation's promises says what the checks by hand say."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from harness.target.answer import AnswerReader
from harness.target.files import OkTable
from harness.target.promises import promises_decoder

NAMES = ("subject", "amount_fen", "sequence", "remaining_fen", "balance_fen", "income_fen")
numbers = st.integers(-(2**65), 2**65) | st.sampled_from([0, -1, 2**63 - 1, 2**63, -(2**63), 5.0])
values = st.none() | st.booleans() | numbers | st.text(max_size=3) | st.lists(st.integers(), max_size=1)
KEPT = dict.fromkeys(NAMES, 1)
changes = st.dictionaries(st.sampled_from((*NAMES, "field", "other")), values, max_size=2)
trees = changes.map(lambda changed: KEPT | changed) | changes | values


def reader(prefix: str) -> AnswerReader:
    """Reads every value under `prefix`; one that is deep is read by hand."""
    pointers = {name: f"{prefix}/{name}" for name in NAMES}
    return AnswerReader(OkTable(status=[200], **pointers, fields={"more": f"{prefix}/field"}), {}, None)


PLAIN, DEEP = reader(""), reader("/deep")


@given(trees, st.sampled_from([b"", b" ", b"x", b"]"]))
@example(KEPT, b"")
@example(KEPT | {"amount_fen": -1}, b"")
@example({**KEPT, "subject": "p-1", "field": {"any": [1]}}, b"")
def test_decoder_and_checks_by_hand_agree(tree: object, after: bytes) -> None:
    """The same values, one step into the body and two, are read the same: the deeper ones by hand."""
    plain = PLAIN.read(200, json.dumps(tree).encode() + after, "api-1")
    deep = DEEP.read(200, json.dumps({"deep": tree}).encode() + after, "api-1")
    assert plain == deep


@pytest.mark.parametrize("body", [b"[" * 100_000, b'{"a":' * 100_000, b"\xff", b"", b'{"subject": "\xff"}'])
def test_what_is_no_json_is_malformed(body: bytes) -> None:
    """Garbage of any depth is an answer that may have happened, and no crash."""
    assert PLAIN.read(200, body).reason == DEEP.read(200, body).reason == "malformed"


def test_deep_and_doubled_pointers_are_read_by_hand() -> None:
    """A decoder serves only where every value has one key of its own."""
    assert promises_decoder([("amount_fen", ("fen",))], []) is not None
    assert promises_decoder([("amount_fen", ("a", "fen"))], []) is None
    assert promises_decoder([("amount_fen", ())], []) is None
    assert promises_decoder([("amount_fen", ("fen",))], [("again", ("fen",))]) is None
    assert promises_decoder([("orders", ("orders",))], []) is None
