"""How long requests took, as counts in a few bounds an operation: what a Prometheus histogram is made of."""

import threading
from bisect import bisect_left
from typing import Final, NamedTuple

BOUNDS_US: Final = (500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000, 200_000, 500_000, 1_000_000, 5_000_000)
"""Each bound belongs to the bucket below it; the last bucket has none."""


class Histogram(NamedTuple):
    counts: tuple[int, ...]
    """A count a bucket, one more than there are bounds."""
    sum_us: int


class Durations:
    """Of one process, since it started."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: dict[str, list[int]] = {}

    def observe(self, operation: str, latency_us: int) -> None:
        place = bisect_left(BOUNDS_US, latency_us)
        with self._lock:
            counts = self._counts.get(operation)
            if counts is None:
                counts = self._counts[operation] = [0] * (len(BOUNDS_US) + 2)
            counts[place] += 1
            counts[-1] += latency_us

    def all(self) -> dict[str, Histogram]:
        with self._lock:
            return {name: Histogram(tuple(counts[:-1]), counts[-1]) for name, counts in self._counts.items()}
