"""hey and wrk, the load generators that are measured beside ours where they are installed: the same POST, no more.

They neither read the answer's JSON nor keep a record of anything.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final, NamedTuple

_HEADERS: Final = {"Content-Type": "application/json", "X-Tag": "1", "X-Key": "bench-1"}
_BODY: Final = '{"person": 10000000}'
_LUA: Final = """
wrk.method = "POST"
wrk.body = '{body}'
{headers}
"""
_REQUESTS: Final = {
    "hey": re.compile(r"\[200\]\s+(\d+) responses"),
    "wrk": re.compile(r"(\d+) requests in"),
}
_FAULTS: Final = re.compile(r"Error distribution|Socket errors|Non-2xx|\[[345]\d\d\]\s+\d+ responses")


class Peer(NamedTuple):
    """What one round of a peer came to; CPU time of its whole process."""

    requests: int
    cpu_s: float
    wall_s: float


def installed() -> list[str]:
    """Those of them that this machine has."""
    return [name for name in COMMANDS if shutil.which(name)]


def run_peer(name: str, folder: Path, url: str, users: int, seconds: float) -> Peer:
    """One round. RuntimeError: it could not be read, or had answers other than 200."""
    command = COMMANDS[name](folder, url, users, seconds)
    before = os.times()
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=seconds + 30)
    after = os.times()
    cpu_s = after.children_user + after.children_system - before.children_user - before.children_system
    found = _REQUESTS[name].search(done.stdout)
    if done.returncode or found is None or _FAULTS.search(done.stdout):
        raise RuntimeError(f"{name}: {(done.stderr or done.stdout).strip()[-200:]}")
    return Peer(requests=int(found[1]), cpu_s=cpu_s, wall_s=after.elapsed - before.elapsed)


def _hey(folder: Path, url: str, users: int, seconds: float) -> list[str]:
    headers = [word for name, value in _HEADERS.items() for word in ("-H", f"{name}: {value}")]
    return ["hey", "-z", f"{seconds:g}s", "-c", str(users), "-m", "POST", *headers, "-d", _BODY, url]


def _wrk(folder: Path, url: str, users: int, seconds: float) -> list[str]:
    script = folder / "post.lua"
    headers = "\n".join(f'wrk.headers["{name}"] = "{value}"' for name, value in _HEADERS.items())
    script.write_text(_LUA.format(body=_BODY, headers=headers), encoding="utf-8")
    whole_s = max(round(seconds), 1)  # wrk knows whole seconds only
    return ["wrk", "-t1", f"-c{users}", f"-d{whole_s}s", "-s", str(script), url]


COMMANDS: Final[Mapping[str, Callable[[Path, str, int, float], list[str]]]] = MappingProxyType(
    {"hey": _hey, "wrk": _wrk}
)
