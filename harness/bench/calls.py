"""A fixed number of threads, each calling again when its last call is done: how much one process does at most."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor


def count_calls(
    callers: int, seconds: float, call: Callable[[], object], meter: Callable[[], float]
) -> tuple[int, float]:
    """How often `callers` threads call in the seconds after each of them has called once, and how far `meter` ran in
    that time. What a call raises is raised, once all have ended."""
    warm = threading.Barrier(callers + 1)

    def repeat() -> int:
        try:
            call()
        finally:
            warm.wait()
        count, ends = 0, time.perf_counter() + seconds
        while time.perf_counter() < ends:
            call()
            count += 1
        return count

    with ThreadPoolExecutor(callers) as threads:
        repeating = [threads.submit(repeat) for _ in range(callers)]
        warm.wait()
        before = meter()
        count = sum(each.result() for each in repeating)
        return count, meter() - before
