"""The fast path and the parser say the same of every answer, however it is cut."""

from itertools import pairwise

import pytest
from httptools import HttpParserError
from hypothesis import example, given, settings
from hypothesis import strategies as st

from harness.swarm.mishaps import HalfAnswer, TooLarge
from harness.swarm.response import Response, ResponseReader

READER = b"x-reader"
PLAIN = b"HTTP/1.1 200 OK\r\nX-Reader: api-1\r\nContent-Length: 5\r\n\r\n"

statuses = st.sampled_from(
    [b"200 OK", b"204 No Content", b"304 Not Modified", b"409 Conflict", b"100 Continue", b"2 x"]
)
headers = st.lists(
    st.sampled_from(
        [
            b"Content-Length: 5",
            b"content-length:5 ",
            b"Content-Length: 0",
            b"Content-Length: +5",
            b"Content-Length: 99999999999999999999999",
            b"Transfer-Encoding: chunked",
            b"Connection: close",
            b"Connection: keep-alive",
            b"Connection: upgrade",
            b"Upgrade: other",
            b"X-Reader: api-1",
            b"X-READER: api-\xff",
            b"No-Colon",
            b" folded",
        ]
    ),
    max_size=4,
)
bodies = st.sampled_from([b"", b"12345", b"1234", b"123456", b"5\r\n12345\r\n0\r\n\r\n", b"\r\n\r\n", PLAIN + b"12345"])
answers = st.builds(
    lambda version, status, lines, body: b"\r\n".join([b"%b %b" % (version, status), *lines]) + b"\r\n\r\n" + body,
    st.sampled_from([b"HTTP/1.1", b"HTTP/1.0", b"HTTP/3"]),
    statuses,
    headers,
    bodies,
)


def streamed(reader: ResponseReader, data: bytes, cuts: list[int]) -> Response | str | None:
    """What the parser alone says of `data`, fed in pieces."""
    stream = reader.stream()
    edges = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    response = None
    for start, end in pairwise(edges):
        try:
            response = stream.feed(data[start:end])
        except (HttpParserError, TooLarge) as error:
            return "garbage" if isinstance(error, HttpParserError) else "too large"
    return response


@settings(max_examples=1500)
@given(answers | st.binary(max_size=40), st.lists(st.integers(0, 400), max_size=3))
@example(b"HT", [])
@example(PLAIN + b"12345", [])
@example(PLAIN + b"12345" + PLAIN, [])
def test_fast_path_and_parser_agree(data: bytes, cuts: list[int]) -> None:
    """Where the fast path knows an answer, also one it has seen before, it is the parser's; it knows nothing else."""
    reader = ResponseReader(READER)
    said = streamed(reader, data, cuts)
    for _ in range(2):
        whole = reader.whole(data)
        assert whole is None or whole == said


def test_the_common_answer_takes_the_fast_path() -> None:
    """An answer with its length, in one piece, is known at once, and its reader and manners are."""
    reader = ResponseReader(READER)
    assert reader.whole(PLAIN + b"12345") == Response(200, b"12345", "api-1", True)
    closing = PLAIN.replace(b"X-Reader", b"Connection: close\r\nX-Reader")
    assert reader.whole(closing + b"12345") == Response(200, b"12345", "api-1", False)
    assert reader.whole(b"HTTP/1.1 204 No Content\r\n\r\n") == Response(204, b"", None, True)


@pytest.mark.parametrize("rest", [b"", b"1234", b"123456", b"12345" + PLAIN])
def test_what_is_not_exactly_one_answer_does_not(rest: bytes) -> None:
    """Too little, too much, and a second answer are the parser's business."""
    assert ResponseReader(READER).whole(PLAIN + rest) is None


def test_heads_that_are_never_the_same_cost_no_memory() -> None:
    """A server that numbers its answers is read rightly, and its heads are forgotten."""
    reader = ResponseReader(READER)
    for number in range(3000):
        head = b"HTTP/1.1 200 OK\r\nX-Reader: %d\r\nContent-Length: 1\r\n\r\n" % number
        assert reader.whole(head + b"x") == Response(200, b"x", str(number), True)
    assert len(reader._known) <= 512


def test_end_of_the_stream() -> None:
    """It ends an answer without a length, and breaks any other off."""
    stream = ResponseReader().stream()
    assert stream.feed(b"HTTP/1.1 200 OK\r\n\r\n123") is None
    assert stream.end() == Response(200, b"123", None, False)
    for broken in (
        b"HTTP/1.1 200 OK\r\nX",
        PLAIN + b"123",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n1",
    ):
        stream = ResponseReader().stream()
        stream.feed(broken)
        with pytest.raises(HalfAnswer):
            stream.end()
