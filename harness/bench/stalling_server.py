"""A server that answers at once, but for one stall: what comes in it is answered when it ends. Says when it began.

python -m harness.bench.stalling_server PORT AFTER_S STALL_S       # AFTER_S counts from the first request
"""

import asyncio
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from harness import processes

ANSWER: Final = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
_STARTS_S: Final = 20.0


@contextmanager
def stalling(folder: Path, after_s: float, stall_s: float) -> Iterator[int]:
    """The port of such a server in a process of its own; it says in `folder`/server.log when its first request came."""
    folder.mkdir(parents=True)
    port = processes.free_port()
    command = [sys.executable, "-m", "harness.bench.stalling_server", str(port), str(after_s), str(stall_s)]
    process = processes.start(command, folder / "server.log")
    try:
        _wait_for(port)
        yield port
    finally:
        processes.stop(process)


def _wait_for(port: int) -> None:
    ends_s = time.monotonic() + _STARTS_S
    while processes.is_free(port):
        if time.monotonic() > ends_s:
            raise TimeoutError(f"nobody listens on port {port}")
        time.sleep(0.05)


class Clock:
    """When the stall is, once the first request has come."""

    def __init__(self, after_s: float, stall_s: float) -> None:
        self._after_s, self._stall_s = after_s, stall_s
        self._first_s: float | None = None

    def answers_at(self, now_s: float) -> float:
        """When a request that comes now is answered."""
        if self._first_s is None:
            self._first_s = now_s
            print(now_s, flush=True)
        begins_s = self._first_s + self._after_s
        ends_s = begins_s + self._stall_s
        return ends_s if begins_s <= now_s < ends_s else now_s


class Peer(asyncio.Protocol):
    """A connection with one request at a time, all of it in one piece: what a load generator of small GETs sends."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        loop = asyncio.get_running_loop()
        now_s = loop.time()
        at_s = self._clock.answers_at(now_s)
        if at_s > now_s:
            loop.call_at(at_s, self._transport.write, ANSWER)
        else:
            self._transport.write(ANSWER)


async def serve(port: int, clock: Clock) -> None:
    server = await asyncio.get_running_loop().create_server(lambda: Peer(clock), "127.0.0.1", port, backlog=1024)
    await server.serve_forever()


if __name__ == "__main__":
    port, after_s, stall_s = sys.argv[1:]
    asyncio.run(serve(int(port), Clock(float(after_s), float(stall_s))))
