"""Child processes that never outlive the one that started them, not even when it is killed with `kill -9`."""

import contextlib
import ctypes
import os
import random
import signal
import socket
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

_PR_SET_PDEATHSIG: Final = 1
_LIBC: Final = ctypes.CDLL(None, use_errno=True)
_EPHEMERAL: Final = Path("/proc/sys/net/ipv4/ip_local_port_range")
_LOWEST_PORT: Final = 10_240


def start(
    command: Sequence[str], log: Path, *, folder: Path | None = None, env: Mapping[str, str] | None = None
) -> "subprocess.Popen[bytes]":
    """Starts `command` in a session of its own with both outputs appended to `log`; the kernel kills it when
    the calling thread ends. A terminal's Ctrl-C does not reach it: who started it stops it, in the right
    order.
    """
    with log.open("ab") as output:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env=env,
            start_new_session=True,
            preexec_fn=_die_with(os.getpid()),
        )


def die_with_parent(number: int) -> None:
    """Ask the kernel to send this process the signal `number` when the thread that started it ends."""
    _LIBC.prctl(_PR_SET_PDEATHSIG, number)


def _die_with(parent: int) -> Callable[[], None]:
    def in_child() -> None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it died before the line above
            os._exit(1)

    return in_child


def stop(process: "subprocess.Popen[bytes]", grace_s: float = 5.0) -> None:
    """Asks `process` to end, and ends it and what it left behind if it has not after `grace_s` seconds."""
    if process.poll() is None:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(grace_s)
    kill(process)


def kill(process: "subprocess.Popen[bytes]") -> None:
    """Kills `process` and its whole session group at once, and waits until it is gone."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def last_line(log: Path) -> str:
    """The last line of a log that says something, or ""."""
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return ""
    return next((line.strip() for line in reversed(lines) if line.strip()), "")


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on, below the range that outgoing connections take theirs from:
    a client that keeps trying to reach a dead server would otherwise, now and then, connect to itself and
    hold it.
    """
    choose = random.SystemRandom()
    ceiling = int(_EPHEMERAL.read_text().split()[0]) if _EPHEMERAL.exists() else 32_768
    while True:
        port = choose.randrange(_LOWEST_PORT, max(ceiling, _LOWEST_PORT + 1000))
        if is_free(port):
            return port


def is_free(port: int) -> bool:
    """Can somebody listen on this port of 127.0.0.1 now?"""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
