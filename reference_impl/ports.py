"""Ports that processes of a deployment find each other by."""

import random
import socket
from pathlib import Path
from typing import Final

_EPHEMERAL: Final = Path("/proc/sys/net/ipv4/ip_local_port_range")
_LOWEST: Final = 10_240


def free_port(host: str = "127.0.0.1") -> int:
    """A port that nobody listens on, below those that outgoing connections take: who keeps trying to reach a dead
    process could otherwise get its port as its own.
    """
    choose = random.SystemRandom()
    ceiling = int(_EPHEMERAL.read_text().split()[0]) if _EPHEMERAL.exists() else 32_768
    while True:
        port = choose.randrange(_LOWEST, max(ceiling, _LOWEST + 1000))
        if _is_free(host, port):
            return port


def listens(host: str, port: int) -> bool:
    """Does somebody listen there?"""
    try:
        socket.create_connection((host, port), timeout=0.5).close()
    except OSError:
        return False
    return True


def _is_free(host: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True
