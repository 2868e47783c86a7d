"""How many keep-alive connections one worker process holds: everybody connects once, asks ten times and stays.

Counted on both sides: by the client, and by the server that accepts.
"""

import os
import resource
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from harness.bench.nginx import Counts, nginx, pinned
from harness.bench.swarm import run_swarm
from harness.config import ConfigError

CONNECTIONS: Final = 10_000
OPERATIONS_EACH: Final = 10
_REACH: Final = 10_000
_FILES_BESIDE: Final = 500  # open in a process beside its connections
_OPERATIONS_PER_S: Final = 5_000  # of all together: it is not speed that is measured here
_PATIENCE_S: Final = 60.0
_AN_ADDRESS: Final = 20_000  # connections to one address: an ephemeral port each


def connections(options: Mapping[str, Any]) -> dict[str, Any]:
    """Holds `connections` (10,000) in one process. RuntimeError: an operation failed, or the two sides count otherwise;
    ConfigError: so many files may not be open, or there is no nginx.
    """
    wanted = options.get("connections") or CONNECTIONS
    addresses = 1 + (wanted - 1) // _AN_ADDRESS
    with tempfile.TemporaryDirectory(prefix="rainproof-bench-") as name, open_files(_room(wanted)):
        folder, cores = Path(name), sorted(os.sched_getaffinity(0))
        with pinned(cores[-1]), nginx(folder, connections=_room(wanted), addresses=addresses) as server:
            before = server.counts()
            with pinned(cores[0]):
                result = run_swarm(
                    "Holders", folder / "held", server.port, wanted, addresses=addresses, connection_each=True,
                    operations_each=OPERATIONS_EACH, pause_s=wanted / _OPERATIONS_PER_S, timeout_s=_PATIENCE_S,
                )  # fmt: skip
            after = server.counts()
    accepted = after.accepted - before.accepted - 1  # the look afterwards is one itself
    check(wanted, result, Counts(result["held"], accepted, after.requests - before.requests - 1))
    return {
        "bench": "connections",
        "value": result["held"] - (accepted - wanted),
        "reach": _REACH,
        "unit": f"connections held by one process over {OPERATIONS_EACH} operations each, less those made again",
        "figures": {
            "operations": result["ok"],
            "connects": result["connects"],
            "accepted_by_server": accepted,
            "held": result["held"],
            "cpu_s": round(result["cpu_s"], 2),
            "resident_mb": result["resident_mb"],
        },
    }


def _room(wanted: int) -> int:
    """nginx closes idle connections when a sixteenth of its places is left."""
    return wanted + wanted // 8 + _FILES_BESIDE


def check(wanted: int, result: Mapping[str, Any], seen: Counts) -> None:
    """RuntimeError unless every operation was answered and journaled, and both sides count the same."""
    operations = wanted * OPERATIONS_EACH
    if (result["ok"], result["others"], result["journaled"]) != (operations, 0, operations):
        raise RuntimeError(
            f"of {operations} operations {result['ok']} were answered as promised and {result['journaled']} journaled"
        )
    if (seen.accepted, seen.requests) != (result["connects"], operations):
        raise RuntimeError(
            f"the server accepted {seen.accepted} connections and {seen.requests} requests;"
            f" {result['connects']} and {operations} were made"
        )


@contextmanager
def open_files(needed: int) -> Iterator[None]:
    """Lets this process and those it starts open `needed` files at once; ConfigError where that is not allowed."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft >= needed or soft == resource.RLIM_INFINITY:
        yield
        return
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard if hard >= needed else needed))
    except (ValueError, OSError):
        raise ConfigError(
            f"bench: {needed} files have to be open at once and {hard} may be: raise the limit (ulimit -n {needed})"
        ) from None
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, max(hard, soft)))
