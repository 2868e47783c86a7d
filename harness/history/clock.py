"""One clock for every process of a machine: nanoseconds that never step back, near the wall clock.

CLOCK_MONOTONIC is shared by all processes of a machine, so one anchor makes their moments comparable exactly.
The first process that asks measures the anchor and leaves it in the environment, where every process it
starts finds it. Workers on another machine measure an anchor of their own; how far it may be off is their
journal's `clock_error_ns`.
"""

import os
import time
from time import monotonic_ns
from typing import Final

_VARIABLE: Final = "RAINPROOF_CLOCK_ANCHOR_NS"
_SAMPLES: Final = 9


def _measure_anchor_ns() -> int:
    """Wall clock minus monotonic clock, from the tightest of a few samples."""
    samples = []
    for _ in range(_SAMPLES):
        before = time.monotonic_ns()
        wall = time.time_ns()
        after = time.monotonic_ns()
        samples.append((after - before, wall - (before + after) // 2))
    return min(samples)[1]


ANCHOR_NS: Final = int(os.environ.setdefault(_VARIABLE, str(_measure_anchor_ns())))


def now_ns() -> int:
    """Now, in nanoseconds since the epoch; monotonic, and the same in every process of this machine."""
    return monotonic_ns() + ANCHOR_NS
