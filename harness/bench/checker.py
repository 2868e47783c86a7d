"""`bench checker`: all invariants over a generated night of many operations, in each of which violations are planted.

The night is made first; it is judged in a process of its own, so that its time and memory are the judge's alone.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from harness import figures
from harness.bench.night import generate
from harness.bench.planted import expected
from invariants.judge import judge
from invariants.registry import INVARIANTS

OPERATIONS: Final = 10_000_000
PLANTED: Final = 5
"""Violations planted for each invariant."""
REACH_S: Final = 10


def checker(options: Mapping[str, Any]) -> dict[str, Any]:
    """Seconds that all invariants take. Raises RuntimeError where one reports more or less than was planted."""
    operations = options.get("operations") or OPERATIONS
    with tempfile.TemporaryDirectory(prefix="rainproof-bench-") as folder:
        began = time.monotonic()
        rows = generate(Path(folder), operations, options.get("seed", 7), PLANTED)
        generated_s = time.monotonic() - began
        told = _judged_apart(Path(folder))
    wrong = {
        name: found for name, found in told["violations"].items() if found != expected(PLANTED)[name]
    } | dict.fromkeys(INVARIANTS.keys() - told["violations"].keys())
    if wrong:
        raise RuntimeError(f"planted {PLANTED} violations for each, and these report otherwise: {wrong}")
    return {
        "bench": "checker",
        "value": round(told["wall_s"], 2),
        "reach": REACH_S,
        "unit": f"s for {len(INVARIANTS)} invariants over {operations:,} operations (less is better)",
        "figures": {
            "cpu_s": round(told["cpu_s"], 2),
            "memory_mb": told["memory_mb"],
            "generated_s": round(generated_s, 1),
            "violations_reported": sum(told["violations"].values()),
            **{f"rows of {table}": count for table, count in rows.items()},
            **{f"{name} s": round(seconds, 2) for name, seconds in told["seconds"].items()},
        },
    }


def _judged_apart(folder: Path) -> dict[str, Any]:
    command = [sys.executable, "-m", "harness.bench.checker", str(folder)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, stdin=subprocess.DEVNULL)
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def _judged(folder: Path) -> dict[str, Any]:
    """What the judge says of the night in `folder`, and what that cost this process."""
    with figures.connect(folder) as connection:
        wall, cpu = time.monotonic(), time.process_time()
        verdicts = judge(connection, INVARIANTS)
        wall, cpu = time.monotonic() - wall, time.process_time() - cpu
    return {
        "wall_s": wall,
        "cpu_s": cpu,
        "memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "violations": {one.name: one.violations for one in verdicts if one.verdict == "violated" and not one.unsettled},
        "seconds": {one.name: one.seconds for one in verdicts},
    }


if __name__ == "__main__":
    sys.stdout.write(msgspec.json.encode(_judged(Path(sys.argv[1]))).decode())
