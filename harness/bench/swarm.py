"""A Locust in a process of its own, for benchmarks: plays harness/swarm/bench/side_by_side.py, writes what came of it.

Nothing of Locust is imported here.
"""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from subprocess import TimeoutExpired
from typing import Any, Final

import msgspec

import harness
from harness import processes

_LOCUSTFILE: Final = Path(harness.__file__).parent / "swarm" / "bench" / "side_by_side.py"
_VARIABLE: Final = "RAINPROOF_SIDE_BY_SIDE"
_GRACE_S: Final = 120.0
_SPAWNED_A_SECOND: Final = 1000
_TARGET: Final = """
[target]
base_url = "http://{address}:{port}"
tag_header = {{ name = "X-Tag", value = "1" }}
key_header = "X-Key"
reader_header = "X-Reader"
error_code = "/code"

[operation.open]
method = "POST"
path = "/v1/packets/$packet/open"
body = '{{"person": $person}}'
ok = {{ status = [200], subject = "/packet", amount_fen = "/amount_fen", sequence = "/sequence", \
remaining_fen = "/remaining_fen" }}
refusals = {{ sold_out = [[409, "sold_out"]] }}
"""


def run_swarm(side: str, folder: Path, port: int, users: int, *, addresses: int = 1, **wish: Any) -> Mapping[str, Any]:
    """Plays one `side` (a user class of side_by_side.py) against the server at `port` of 127.0.0.1, .2, …, in a new
    `folder`. Gives the fields of its Result. RuntimeError: it did not end well.
    """
    folder.mkdir()
    result, log = folder / "result.json", folder / "locust.log"
    targets = [_write_target(folder / f"target-{n}.toml", f"127.0.0.{n}", port) for n in range(1, addresses + 1)]
    told = {"targets": targets, "folder": str(folder), "result": str(result), "users": users, **wish}
    rate = str(min(users, _SPAWNED_A_SECOND))
    command = [sys.executable, "-m", "locust", "-f", str(_LOCUSTFILE), "--headless", "--only-summary"]
    process = processes.start(
        [*command, "-u", str(users), "-r", rate, side],
        log,
        folder=folder,
        env={**os.environ, _VARIABLE: msgspec.json.encode(told).decode()},
    )
    try:
        process.wait(_GRACE_S + 2 * wish.get("seconds", 0.0))
    except TimeoutExpired:
        raise RuntimeError(f"Locust did not end in time: {processes.last_line(log)}") from None
    finally:
        processes.kill(process)
    if not result.exists():
        raise RuntimeError(f"Locust wrote no result: {processes.last_line(log)}")
    found: Mapping[str, Any] = msgspec.json.decode(result.read_bytes())
    return found


def _write_target(path: Path, address: str, port: int) -> str:
    path.write_text(_TARGET.format(address=address, port=port), encoding="utf-8")
    return str(path)
