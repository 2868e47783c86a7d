"""One keep-alive connection: a request goes out, one whole answer comes back, or an exception says how it broke."""

import socket
from time import monotonic_ns
from typing import Any, Final, NamedTuple, Self

from gevent import socket as gevent_socket
from httptools import HttpParserError, HttpResponseParser

from harness.swarm.mishaps import Closed, HalfAnswer, TooLarge

_READ_BYTES: Final = 1 << 14
_HEAD_BYTES: Final = 1 << 16
_FRAMING: Final = frozenset({b"content-length", b"transfer-encoding"})
_PEEK: Final = socket.MSG_PEEK | socket.MSG_DONTWAIT


class Address(NamedTuple):
    """Where to connect, resolved."""

    family: int
    place: Any


def resolve(host: str, port: int) -> Address:
    """The first address of `host`; gaierror where it has none."""
    family, _, _, _, place = gevent_socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    return Address(family, place)


class Connection:
    """A socket to the target, for one operation at a time. After `exchange`: status, body, reader and reusable.

    `reader_header` names (in lower case) the header that says which process answered. An answer of more than
    `answer_bytes_max` is refused, so that a flood costs no memory. Works above file descriptor 1024: no select.
    """

    __slots__ = (
        "_answer_bytes_max",
        "_chunks",
        "_complete",
        "_framed",
        "_headed",
        "_keeps_alive",
        "_parser",
        "_reader_header",
        "_socket",
        "body",
        "reader",
        "reusable",
        "status",
    )

    def __init__(self, connected: Any, reader_header: bytes | None, answer_bytes_max: int) -> None:
        self._socket = connected
        self._reader_header = reader_header
        self._answer_bytes_max = answer_bytes_max + _HEAD_BYTES
        self._parser = HttpResponseParser(self)
        self.reusable = True

    @classmethod
    def open(cls, address: Address, deadline_ns: int, reader_header: bytes | None, answer_bytes_max: int) -> Self:
        """Connects, or raises OSError (TimeoutError once `deadline_ns` on the monotonic clock has passed)."""
        opened = gevent_socket.socket(address.family, socket.SOCK_STREAM)
        try:
            opened.settimeout(_left_s(deadline_ns))
            opened.connect(address.place)
            opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except BaseException:
            opened.close()
            raise
        return cls(opened, reader_header, answer_bytes_max)

    def is_idle(self) -> bool:
        """Is it open with nothing to read? What a server sent or closed while nobody asked cannot be built on."""
        try:
            self._socket._sock.recv(1, _PEEK)
        except BlockingIOError:
            return True
        except OSError:
            return False
        return False

    def exchange(self, request: bytes, deadline_ns: int) -> None:
        """Sends `request` and reads the answer, all before `deadline_ns`. Raises one of mishaps.BROKEN."""
        self._begin_answer()
        self.reusable = False
        self._socket.settimeout(_left_s(deadline_ns))
        self._socket.sendall(request)
        received = 0
        while not self._complete:
            self._socket.settimeout(_left_s(deadline_ns))
            data = self._socket.recv(_READ_BYTES)
            if not data:
                self._end_of_stream(received)
                return
            received += len(data)
            if received > self._answer_bytes_max:
                raise TooLarge
            self._parser.feed_data(data)
        self.reusable = self._keeps_alive
        self.body = self._chunks[0] if len(self._chunks) == 1 else b"".join(self._chunks)

    def close(self) -> None:
        self._socket.close()

    def _begin_answer(self) -> None:
        self._complete = self._framed = self._headed = False
        self._chunks: list[bytes] = []
        self.body = b""
        self.reader: str | None = None
        self.status = 0

    def _end_of_stream(self, received: int) -> None:
        """The end of the stream ends an answer that announced no length; any other it breaks off."""
        if not received:
            raise Closed
        if not self._headed or self._framed:
            raise HalfAnswer
        self.body = b"".join(self._chunks)

    # --- called by the parser

    def on_message_begin(self) -> None:
        if self._complete:  # a second answer that nobody asked for: which one was ours?
            raise HttpParserError("more than one answer")

    def on_header(self, name: bytes, value: bytes) -> None:
        lower = name.lower()
        if lower == self._reader_header:
            self.reader = value.decode("latin-1")
        elif lower in _FRAMING:
            self._framed = True

    def on_headers_complete(self) -> None:
        self._headed = True
        self._keeps_alive = self._parser.should_keep_alive()
        self.status = self._parser.get_status_code()

    def on_body(self, data: bytes) -> None:
        self._chunks.append(data)

    def on_message_complete(self) -> None:
        if self.status >= 200:
            self._complete = True
        else:  # 100 Continue and its like: the answer is still to come
            self._begin_answer()


def _left_s(deadline_ns: int) -> float:
    """Seconds until the deadline; TimeoutError when it has passed."""
    left_ns = deadline_ns - monotonic_ns()
    if left_ns <= 0:
        raise TimeoutError
    return left_ns / 1e9
