"""What keys got in this process a moment ago: two sends at once under one key get one packet, also when the cache fails
between them, one of them already has its answer, and the other one goes by the database (W16, W22)."""

from typing import Final

from reference_impl.domain.packet import Order
from reference_impl.runtime import Runtime

LASTS_US: Final = 2_000_000
MOST: Final = 4096


class Recent:
    """Bounded: the older half goes when the younger is full."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._now: dict[tuple[int, str, bool], tuple[int, Order]] = {}
        self._before: dict[tuple[int, str, bool], tuple[int, Order]] = {}

    def first(self, order: Order, tagged: bool) -> Order:
        """The order that its key got first: this one, where there was none."""
        key, now_us = (order.sender, order.client_key, tagged), self._runtime.now_us()
        at_us, standing = self._now.get(key) or self._before.get(key) or (0, order)
        if 0 <= now_us - at_us < LASTS_US:
            return standing
        if len(self._now) >= MOST:
            self._before, self._now = self._now, {}
        self._now[key] = now_us, order
        return order
