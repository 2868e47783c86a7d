"""The cross-city link: a plain forwarder of TCP connections, which can be killed, halted or slowed (W01).

Everything that one region asks of another goes through it. The dial `link_delay_ms` holds each piece for so long, in
each direction.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import Final
from urllib.parse import urlsplit

log = logging.getLogger(__name__)
_PIECE: Final = 64 * 1024


def forward(host: str, port: int, to: str, delay_ms: Callable[[], int]) -> None:
    """Forward what comes to `port` to the address `to`, without end."""
    asyncio.run(_serve(host, port, to, delay_ms))


async def _serve(host: str, port: int, to: str, delay_ms: Callable[[], int]) -> None:
    there = urlsplit(to)

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection(there.hostname, there.port)
        except OSError as error:
            log.warning("%s is out of reach: %s", to, error)
            writer.close()
            return
        await asyncio.gather(_pump(reader, far_writer, delay_ms), _pump(far_reader, writer, delay_ms))

    server = await asyncio.start_server(connected, host, port, backlog=1024)
    async with server:
        await server.serve_forever()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, delay_ms: Callable[[], int]) -> None:
    """One direction of a connection, until either end closes it: then both are closed."""
    with contextlib.suppress(OSError):
        while piece := await reader.read(_PIECE):
            if delay := delay_ms():
                await asyncio.sleep(delay / 1000)
            writer.write(piece)
            await writer.drain()
    with contextlib.suppress(OSError):
        writer.close()
