"""One keep-alive connection: a request goes out, one whole answer comes back, or an exception says how it broke.

gevent's sockets set up a time-out, a watcher and a wait for every call. Here one watcher reads for the connection's
whole life: its callback receives and parses, and wakes the caller once, when the answer is whole. Like everything of
gevent it is for one thread; works above file descriptor 1024: no select.
"""

import os
from _socket import socket as PlainSocket  # the one below Python's, which gevent does not replace
from errno import EINPROGRESS
from socket import IPPROTO_TCP, SO_ERROR, SOCK_STREAM, SOL_SOCKET, TCP_NODELAY
from ssl import SSLContext
from time import monotonic_ns
from typing import Any, Final, NamedTuple, Self

from gevent import get_hub, getcurrent
from gevent import socket as gevent_socket

from harness.swarm.mishaps import BROKEN, Closed
from harness.swarm.response import Response, ResponseReader, Stream
from harness.swarm.tls import Tls

_READ_BYTES: Final = 1 << 14
_READABLE: Final = 1
_WRITABLE: Final = 2
_NEVER: Final = 1 << 63


class Address(NamedTuple):
    """Where to connect, resolved; `host` is the name that a certificate must bear."""

    family: int
    place: Any
    host: str


def resolve(host: str, port: int) -> Address:
    """The first address of `host`; gaierror where it has none."""
    family, _, _, _, place = gevent_socket.getaddrinfo(host, port, type=SOCK_STREAM)[0]
    return Address(family, place, host)


class Connection:
    """A socket to the target, for one operation at a time. Not `usable`: close it."""

    __slots__ = (
        "_alarm",
        "_alarm_ns",
        "_caller",
        "_deadline_ns",
        "_hub",
        "_is_waiting",
        "_reader",
        "_result",
        "_socket",
        "_stream",
        "_tls",
        "_watcher",
        "usable",
    )

    def __init__(self, family: int, reader: ResponseReader) -> None:
        self._hub = get_hub()
        self._socket = PlainSocket(family, SOCK_STREAM)
        self._socket.setblocking(False)
        self._watcher = self._hub.loop.io(self._socket.fileno(), _READABLE)
        self._reader = reader
        self._tls: Tls | None = None
        self._stream: Stream | None = None
        self._caller: Any = None
        self._is_waiting = False
        self._result: Response | Exception | None = None
        self._alarm: Any = None
        self._alarm_ns = self._deadline_ns = _NEVER
        self.usable = True

    @classmethod
    def open(cls, address: Address, deadline_ns: int, reader: ResponseReader, tls: SSLContext | None = None) -> Self:
        """Connects, or raises OSError (TimeoutError once `deadline_ns` on the monotonic clock has passed)."""
        opened = cls(address.family, reader)
        try:
            opened._begin(deadline_ns)
            opened._connect(address.place)
            if tls is not None:
                opened._shake_hands(Tls(tls, address.host))
            opened._watcher.start(opened._on_readable)
        except BaseException:
            opened.close()
            raise
        finally:
            opened._caller = None
        return opened

    def exchange(self, request: bytes, deadline_ns: int) -> Response:
        """Sends `request` and gives the answer, all before `deadline_ns`. Raises one of mishaps.BROKEN."""
        self._begin(deadline_ns)
        self.usable = False
        try:
            self._send(request if self._tls is None else self._tls.encrypt(request))
            if self._result is None:  # an answer may come before the request has gone
                self._is_waiting = True
                self._hub.switch()
        finally:  # also when the greenlet is killed in mid-air
            self._caller, self._is_waiting = None, False
        result = self._result
        if isinstance(result, Response):
            self.usable = result.keeps_alive
            return result
        raise result or RuntimeError("woken without an answer")

    def close(self) -> None:
        self.usable = False
        self._watcher.close()
        self._silence()
        self._socket.close()

    def _begin(self, deadline_ns: int) -> None:
        self._caller, self._result, self._stream = getcurrent(), None, None
        self._deadline_ns = deadline_ns
        if deadline_ns < self._alarm_ns:
            self._set_alarm(deadline_ns)

    # --- sending, and what comes before

    def _connect(self, place: Any) -> None:
        error = self._socket.connect_ex(place)
        if error == EINPROGRESS:
            self._wait(_WRITABLE)
            error = self._socket.getsockopt(SOL_SOCKET, SO_ERROR)
        if error:
            raise OSError(error, os.strerror(error))
        self._socket.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)

    def _shake_hands(self, tls: Tls) -> None:
        self._tls, received = tls, b""
        while not tls.shake_hands(received):
            self._send(tls.outgoing())
            self._wait(_READABLE)
            received = self._socket.recv(_READ_BYTES)
            if not received:
                raise ConnectionResetError("closed during the handshake")
        self._send(tls.outgoing())

    def _send(self, data: bytes) -> None:
        """Waits only where the kernel has no room for all of it."""
        while True:
            try:
                sent = self._socket.send(data)
            except BlockingIOError:
                sent = 0
            if sent == len(data):
                return
            data = data[sent:]
            self._wait(_WRITABLE)

    def _wait(self, event: int) -> None:
        watcher = self._hub.loop.io(self._socket.fileno(), event)
        try:
            self._hub.wait(watcher)
        finally:
            watcher.close()

    # --- receiving: the event loop calls

    def _on_readable(self) -> None:
        try:
            data = self._socket.recv(_READ_BYTES)
            ended = not data
            if self._tls is not None:
                data, ended = self._tls.decrypt(data)
            response = self._read(data, ended)
        except BlockingIOError:
            return
        except BROKEN as error:
            self.usable = False
            self._watcher.stop()
            self._wake(error)
        else:
            if response is not None:
                self._wake(response)

    def _read(self, data: bytes, ended: bool) -> Response | None:
        """The answer, if this is the end of it. What comes while nobody asks cannot be built on: Closed."""
        if self._caller is None or self._result is not None:
            if data or ended:
                raise Closed
            return None
        response = None
        if data:
            if self._stream is None and (response := self._reader.whole(data)) is not None:
                return response
            self._stream = self._stream or self._reader.stream()
            response = self._stream.feed(data)
        if response is None and ended:
            if self._stream is None:
                raise Closed
            response = self._stream.end()
        return response

    def _wake(self, result: Response | Exception) -> None:
        self._result = result
        if self._is_waiting:
            self._caller.switch()

    # --- the deadline: a timer that is never too late; one that is too early is set again

    def _set_alarm(self, moment_ns: int) -> None:
        self._silence()
        self._alarm_ns = moment_ns
        self._alarm = self._hub.loop.timer(max(moment_ns - monotonic_ns(), 0) / 1e9)
        self._alarm.start(self._on_alarm, update=True)

    def _silence(self) -> None:
        if self._alarm is not None:
            self._alarm.close()
            self._alarm, self._alarm_ns = None, _NEVER

    def _on_alarm(self) -> None:
        self._silence()
        if self._caller is None:
            return
        if monotonic_ns() < self._deadline_ns:
            self._set_alarm(self._deadline_ns)
        else:
            self._caller.throw(TimeoutError())
