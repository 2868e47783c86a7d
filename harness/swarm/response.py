"""Where an HTTP answer ends, and what its head says. No I/O.

Servers repeat their heads word for word (the date changes once a second), so a head that httptools has read once is
known by sight, and most answers cost one look into a table. Whatever is not one plain, whole answer in one piece is
parsed as it comes.
"""

from typing import Final

from httptools import HttpParserError, HttpResponseParser
from msgspec import Struct

from harness.swarm.mishaps import HalfAnswer, TooLarge

ANSWER_BYTES_MAX: Final = 4 << 20
_HEAD_BYTES_MAX: Final = 1 << 16
_HEADS_KNOWN_MAX: Final = 512
_END_OF_HEAD: Final = b"\r\n\r\n"
_FRAMING: Final = frozenset({b"content-length", b"transfer-encoding"})


class Response(Struct, frozen=True, gc=False):
    """A whole answer; `reader` says which process of the target gave it."""

    status: int
    body: bytes
    reader: str | None
    keeps_alive: bool


class Head(Struct, frozen=True, gc=False):
    """What a head says; `body_bytes` is None where only a parser can tell where the answer ends."""

    status: int
    body_bytes: int | None
    reader: str | None
    keeps_alive: bool


_STRANGE: Final = Head(0, None, None, False)


class ResponseReader:
    """Reads the answers of one target, for any number of connections.

    `reader_header` names (in lower case) the header that says which process answered. An answer of more than
    `body_bytes_max` is refused, so that a flood costs no memory.
    """

    __slots__ = ("_body_bytes_max", "_known", "_reader_header")

    def __init__(self, reader_header: bytes | None = None, body_bytes_max: int = ANSWER_BYTES_MAX) -> None:
        self._reader_header, self._body_bytes_max = reader_header, body_bytes_max
        self._known: dict[bytes, Head] = {}

    def whole(self, data: bytes) -> Response | None:
        """The answer, where `data` is exactly one and its head tells its length; None says: `stream` it."""
        at = data.find(_END_OF_HEAD) + 4
        text = data[:at]
        head = self._known.get(text) or self._learn(text)
        if head.body_bytes != len(data) - at:
            return None
        return Response(head.status, data[at:], head.reader, head.keeps_alive)

    def stream(self) -> "Stream":
        """For an answer that comes in pieces, or that is framed in another way."""
        return Stream(self._reader_header, self._body_bytes_max)

    def _learn(self, text: bytes) -> Head:
        if len(self._known) >= _HEADS_KNOWN_MAX:
            self._known.clear()
        head = self._known[text] = self.stream().head(text)
        return head


class Stream:
    """One answer in pieces, parsed by httptools."""

    __slots__ = (
        "_body",
        "_body_bytes_max",
        "_framed",
        "_headed",
        "_keeps_alive",
        "_length",
        "_parser",
        "_reader",
        "_reader_header",
        "_received",
        "_status",
        "_whole",
    )

    def __init__(self, reader_header: bytes | None, body_bytes_max: int) -> None:
        self._reader_header, self._body_bytes_max = reader_header, body_bytes_max
        self._parser = HttpResponseParser(self)
        self._received = 0
        self._whole = self._framed = self._headed = self._keeps_alive = False
        self._begin()

    def feed(self, data: bytes) -> Response | None:
        """The answer, once it is whole. Raises TooLarge, or HttpParserError for what is no HTTP."""
        self._received += len(data)
        self._parser.feed_data(data)
        if self._whole:
            return self._response()
        if self._received > _HEAD_BYTES_MAX + (self._body_bytes_max if self._headed else 0):
            raise TooLarge
        if self._length is not None and self._length > self._body_bytes_max:
            raise TooLarge
        return None

    def end(self) -> Response:
        """The end of the connection ends an answer that announced no length; any other it breaks off (HalfAnswer)."""
        if not self._headed or self._framed:
            raise HalfAnswer
        self._keeps_alive = False
        return self._response()

    def head(self, text: bytes) -> Head:
        """What `text` says, if it is one head and nothing else, and tells how long the body is."""
        try:
            self.feed(text)
        except (HttpParserError, TooLarge):
            return _STRANGE
        length = 0 if self._whole else self._length
        if not self._headed or length is None:
            return _STRANGE
        return Head(self._status, length, self._reader, self._keeps_alive)

    def _begin(self) -> None:
        self._whole = self._framed = self._headed = self._keeps_alive = False
        self._body = bytearray()
        self._length: int | None = None
        self._reader: str | None = None
        self._status = 0

    def _response(self) -> Response:
        return Response(self._status, bytes(self._body), self._reader, self._keeps_alive)

    # --- called by the parser

    def on_message_begin(self) -> None:
        if self._whole:  # a second answer that nobody asked for: which one was ours?
            raise HttpParserError("more than one answer")

    def on_header(self, name: bytes, value: bytes) -> None:
        lower = name.lower()
        if lower == self._reader_header:
            self._reader = value.decode("latin-1")
        elif lower in _FRAMING:
            self._framed = True
            self._length = int(value) if lower == b"content-length" else None

    def on_headers_complete(self) -> None:
        self._headed = True
        self._keeps_alive = self._parser.should_keep_alive()
        self._status = self._parser.get_status_code()

    def on_body(self, data: bytes) -> None:
        self._body += data

    def on_message_complete(self) -> None:
        if self._status >= 200:
            self._whole = True
        else:  # 100 Continue and its like: the answer is still to come
            self._begin()
