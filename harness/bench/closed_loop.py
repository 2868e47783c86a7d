"""A fixed number of callers, each sending its next request when the last is answered: how fast a server goes at most.

One thread and epoll, so that the caller costs little beside the server it measures.
"""

import re
import selectors
import socket
import time
from collections.abc import Callable
from typing import NamedTuple

_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)


class LoopCount(NamedTuple):
    done: int
    refused: int
    """Answers with a status other than 200."""
    seconds: float

    @property
    def per_s(self) -> float:
        return self.done / self.seconds


def closed_loop(host: str, port: int, callers: int, seconds: float, request: Callable[[], bytes]) -> LoopCount:
    """Drive `callers` keep-alive connections for `seconds`; `request` makes the next request's bytes.

    Raises OSError where the server does not answer or hangs up.
    """
    done = refused = 0
    with selectors.DefaultSelector() as selector:
        buffers = _connect(selector, host, port, callers)
        try:
            for connection in buffers:
                connection.sendall(request())
            began = time.perf_counter()
            ends = began + seconds
            while (now := time.perf_counter()) < ends:
                for key, _ in selector.select(timeout=ends - now):
                    status = _receive(key.data, buffers)
                    if status is None:
                        continue
                    done, refused = done + (status == b"200"), refused + (status != b"200")
                    key.data.sendall(request())
            return LoopCount(done, refused, time.perf_counter() - began)
        finally:
            for connection in buffers:
                connection.close()


def _connect(selector: selectors.BaseSelector, host: str, port: int, callers: int) -> dict[socket.socket, bytearray]:
    buffers = {}
    for _ in range(callers):
        connection = socket.create_connection((host, port), timeout=10)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        selector.register(connection, selectors.EVENT_READ, data=connection)
        buffers[connection] = bytearray()
    return buffers


def _receive(connection: socket.socket, buffers: dict[socket.socket, bytearray]) -> bytes | None:
    """The status of a complete answer, or None while some of it is still to come."""
    data = connection.recv(65536)
    if not data:
        raise ConnectionError("the server hung up")
    buffer = buffers[connection]
    buffer += data
    head = buffer.find(b"\r\n\r\n")
    if head < 0:
        return None
    length = _LENGTH.search(buffer, 0, head)
    if length is None or len(buffer) < head + 4 + int(length[1]):
        return None
    status = bytes(buffer[9:12])
    buffer.clear()
    return status
