"""Flow control in layers: how many a second one process lets through at each door (W12). The dials say how many."""

from typing import Final

from reference_impl.domain.errors import Refused
from reference_impl.resilience.controls import Controls
from reference_impl.resilience.counts import Counts
from reference_impl.runtime import Runtime

BURST_US: Final = 100_000
"""So much of a second's share may come at once."""
_SECOND_US: Final = 1_000_000


def pass_one(free_us: int, rate_per_s: int, now_us: int) -> int | None:
    """Let one through a token bucket that is empty until `free_us`: the moment until which it is then, or None.

    A bucket is at most a burst and one token behind; one that is further ahead of the clock saw it jump back.
    """
    interval_us = _SECOND_US // rate_per_s
    if free_us - now_us > BURST_US + interval_us:
        free_us = now_us
    if free_us - now_us > max(BURST_US - interval_us, 0):
        return None
    return max(free_us, now_us) + interval_us


class Limits:
    """The buckets of one process, by dial."""

    def __init__(self, controls: Controls, counts: Counts, runtime: Runtime) -> None:
        self._controls, self._counts, self._runtime = controls, counts, runtime
        self._lock = runtime.lock()
        self._free_us: dict[str, int] = {}

    def take(self, dial: str) -> None:
        """Go through the door of a dial; 0 leaves it open. Raises Refused("limited"), before anything was done."""
        rate_per_s = self._controls.value(dial)
        if not rate_per_s:
            return
        with self._lock:
            free_us = pass_one(self._free_us.get(dial, 0), rate_per_s, self._runtime.now_us())
            if free_us is not None:
                self._free_us[dial] = free_us
        if free_us is None:
            self._counts.add("limited", dial)
            raise Refused("limited", dial)
