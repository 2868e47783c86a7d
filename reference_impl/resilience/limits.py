"""Flow control in layers: how many a second one process lets through at each door (W12). The dials say how many."""

from typing import Final

from reference_impl.domain.errors import Refused
from reference_impl.resilience.controls import Controls
from reference_impl.resilience.counts import Counts
from reference_impl.runtime import Runtime

BURST_US: Final = 100_000
"""So much of a second's share may come at once."""
_SECOND_US: Final = 1_000_000
Request = tuple[str, int, str]
"""The packet, the person and the client's key."""


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
        self._answers = _Answers()

    def take(self, dial: str, request: Request | None = None) -> None:
        """Go through the door of a dial; 0 leaves it open. Raises Refused("limited"), before anything was done.

        Where a request is named, copies of it that come in the same second get its answer: otherwise a client could be
        told that nothing happened while a second delivery went through.
        """
        rate_per_s = self._controls.value(dial)
        if not rate_per_s:
            return
        with self._lock:
            passes = self._decide(dial, rate_per_s, request, self._runtime.now_us())
        if not passes:
            self._counts.add("limited", dial)
            raise Refused("limited", dial)

    def _decide(self, dial: str, rate_per_s: int, request: Request | None, now_us: int) -> bool:
        known = self._answers.of(request, now_us) if request else None
        if known is not None:
            return known
        free_us = pass_one(self._free_us.get(dial, 0), rate_per_s, now_us)
        if free_us is not None:
            self._free_us[dial] = free_us
        if request:
            self._answers.keep(request, free_us is not None, now_us)
        return free_us is not None


class _Answers:
    """What requests were told within the last second, forgotten a second's worth at a time."""

    def __init__(self) -> None:
        self._begun_us = 0
        self._now: dict[Request, tuple[int, bool]] = {}
        self._before: dict[Request, tuple[int, bool]] = {}

    def of(self, request: Request, now_us: int) -> bool | None:
        if not 0 <= now_us - self._begun_us < _SECOND_US:
            self._begun_us, self._now, self._before = now_us, {}, self._now
        told_us, passes = self._now.get(request) or self._before.get(request) or (0, False)
        return passes if 0 <= now_us - told_us < _SECOND_US else None

    def keep(self, request: Request, passes: bool, now_us: int) -> None:
        self._now[request] = now_us, passes
