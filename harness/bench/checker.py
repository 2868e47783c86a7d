"""How long all invariants of packets take over a night of so many operations in which violations are planted, and in
what memory.

The judge runs in a process of its own, so that generating the night is neither in its time nor in its memory. Every
invariant has to report what was planted for it, no more and no less: a judge that overlooks is not fast.
"""

import multiprocessing
import os
import tempfile
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any, Final

from msgspec import Struct

from harness import figures
from harness.bench import night, planted
from invariants.judge import judge
from invariants.room import make_room
from invariants.verdict import Verdict

OPERATIONS: Final = 10_000_000
PLANTED: Final = 5
_REACH_S: Final = {10_000_000: 10.0, 100_000_000: 120.0}
_REACH_S_A_MILLION: Final = 1.0
_STATUS: Final = Path("/proc/self/status")


class Judgement(Struct, frozen=True):
    """Verdicts, and what they cost; the memory is the most that was resident."""

    verdicts: list[Verdict]
    wall_s: float
    cpu_s: float
    peak_mb: int


def checker(options: Mapping[str, Any]) -> dict[str, Any]:
    """Seconds for all invariants over `operations` (10^7); with `planted` violations each, in at most `memory_mb`.

    RuntimeError: an invariant reported something else than what was planted.
    """
    operations, each = options.get("operations") or OPERATIONS, options.get("planted") or PLANTED
    with tempfile.TemporaryDirectory(prefix="rainproof-bench-") as folder:
        started = time.perf_counter()
        rows = night.generate(Path(folder), operations, options.get("seed") or 0, each)
        generated_s = time.perf_counter() - started
        judgement = _in_a_process(Path(folder), options.get("memory_mb"))
    check(judgement.verdicts, planted.expected(each))
    return {
        "bench": "checker",
        "value": round(judgement.wall_s, 2),
        "reach": _REACH_S.get(operations, _REACH_S_A_MILLION * operations / 1_000_000),
        "unit": f"s for {len(judgement.verdicts)} invariants over {operations} operations",
        "figures": {
            "cpu_s": round(judgement.cpu_s, 2),
            "peak_mb": judgement.peak_mb,
            "cores": os.cpu_count(),
            "planted": sum(map(len, planted.expected(each).values())),
            "generated_s": round(generated_s, 1),
            **{f"rows_{table}": count for table, count in sorted(rows.items())},
            **{f"{verdict.name}_s": round(verdict.seconds, 2) for verdict in judgement.verdicts},
        },
    }


def judge_night(folder: Path, memory_mb: int | None = None) -> Judgement:
    """Judge a night that lies in a folder, and look at the clock and at this process's memory."""
    with figures.connect(folder) as connection:
        make_room(connection, folder / "spill", memory_mb)
        wall, cpu = time.perf_counter(), time.process_time()
        verdicts = judge(connection, planted.PLANTS)
        wall_s, cpu_s = time.perf_counter() - wall, time.process_time() - cpu
    return Judgement(verdicts=verdicts, wall_s=wall_s, cpu_s=cpu_s, peak_mb=_peak_mb())


def check(verdicts: Sequence[Verdict], expected: Mapping[str, Sequence[str]]) -> None:
    """RuntimeError unless each verdict is of exactly the violations planted for it, by a check whose alarm rang."""
    for verdict in verdicts:
        packets = expected[verdict.name]
        if (verdict.verdict, verdict.violations, verdict.unsettled) != ("violated", len(packets), 0):
            raise RuntimeError(
                f"{verdict.name}: {len(packets)} violations were planted, and it says {verdict.verdict} with"
                f" {verdict.violations} and {verdict.unsettled} unsettled ({verdict.reason or 'no reason'})"
            )
        strangers = [witness.subject for witness in verdict.witnesses if not is_about(witness.subject, packets)]
        if strangers:
            raise RuntimeError(f"{verdict.name}: accuses {strangers[0]}, where nothing was planted")


def is_about(subject: str, packets: Sequence[str]) -> bool:
    """Does a violation's subject name one of these packets, its voucher, its escrow account or its sender's?"""
    return any(packet in subject or subject == planted.sender_account(packet) for packet in packets)


def _in_a_process(folder: Path, memory_mb: int | None) -> Judgement:
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        return pool.submit(judge_night, folder, memory_mb).result()


def _peak_mb() -> int:
    """The most memory this process had resident; getrusage would count what its parent had before it began."""
    lines = dict(line.split(":", 1) for line in _STATUS.read_text(encoding="utf-8").splitlines())
    return int(lines["VmHWM"].split()[0]) >> 10
