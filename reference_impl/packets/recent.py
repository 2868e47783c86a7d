"""What keys got in this process a moment ago, orders and regions: two sends at once under one key get one packet, also
when steering changes or the cache fails between them, one of them has its answer already, and the other goes by the
database (W16, W22)."""

from typing import Final, Generic, TypeVar

from reference_impl.runtime import Runtime

T = TypeVar("T")
LASTS_US: Final = 10_000_000
"""As long as a client may wait for its answer at an access point (gateway.py)."""
MOST: Final = 4096


class Recent(Generic[T]):
    """Bounded: the older half goes when the younger is full."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._lock = runtime.lock()
        self._now: dict[tuple[int, str, bool], tuple[int, T]] = {}
        self._before: dict[tuple[int, str, bool], tuple[int, T]] = {}

    def first(self, sender: int, client_key: str, tagged: bool, got: T) -> T:
        """What the key got first: this, where there was nothing. The clock may jump, forwards or back."""
        key = sender, client_key, tagged
        with self._lock:
            now_us = self._runtime.now_us()
            at_us, standing = self._now.get(key) or self._before.get(key) or (now_us, got)
            if abs(now_us - at_us) >= LASTS_US:
                at_us, standing = now_us, got
            if len(self._now) >= MOST:
                self._before, self._now = self._now, {}
            self._now[key] = at_us, standing
        return standing
