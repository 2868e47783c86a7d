"""Packet numbers: from the cache's atomic counter (W05), under an epoch that makes an older counter harmless."""

from typing import Final

import redis

from reference_impl.domain.identifiers import EPOCHS, NUMBERS_AN_EPOCH
from reference_impl.ledger.ledger import Ledger
from reference_impl.runtime import Runtime
from reference_impl.stores.cache import counter_key

BLOCK: Final = 32
"""Numbers taken at a time; those of a process that ends are lost, which costs nothing."""


class Numbers:
    """Numbers for one process. Its epoch is its own, so that a counter that falls is seen."""

    def __init__(self, ledger: Ledger, cache: redis.Redis, runtime: Runtime, holder: str) -> None:
        self._ledger = ledger
        self._cache = cache
        self._holder = holder
        self._lock = runtime.lock()
        self._blocks: dict[bool, _Block] = {}

    def next(self, tagged: bool) -> tuple[int, int]:
        """An (epoch, number) that was never given before. Raises CacheError."""
        with self._lock:
            block = self._blocks.get(tagged)
            if block is None:
                block = self._blocks[tagged] = self._new_epoch(tagged)
            if block.next > block.last:
                block = self._blocks[tagged] = self._refill(block, tagged)
            block.next += 1
            return block.epoch, block.next - 1

    def _new_epoch(self, tagged: bool) -> "_Block":
        epoch = self._ledger.new_epoch(self._holder, tagged)
        if epoch >= EPOCHS:
            raise RuntimeError(f"epoch {epoch} does not fit into an id")
        return _Block(epoch, first=1, last=0)

    def _refill(self, block: "_Block", tagged: bool) -> "_Block":
        last = int(self._cache.incrby(counter_key(block.epoch, tagged), BLOCK))
        if last - BLOCK < block.last or last >= NUMBERS_AN_EPOCH:
            block = self._new_epoch(tagged)
            last = int(self._cache.incrby(counter_key(block.epoch, tagged), BLOCK))
        return _Block(block.epoch, first=last - BLOCK + 1, last=last)


class _Block:
    __slots__ = ("epoch", "last", "next")

    def __init__(self, epoch: int, first: int, last: int) -> None:
        self.epoch, self.next, self.last = epoch, first, last
