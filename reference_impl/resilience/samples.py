"""How many opens of each packet this process has in the database at once, and the most it ever had (W11).

Counted around the transaction itself and apart from the limiter, so that a limiter that lets too many in is seen.
"""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import sqlalchemy as sa

from reference_impl.runtime import Runtime
from reference_impl.stores.ops_tables import Sample, keep_most
from reference_impl.stores.sql import Store

log = logging.getLogger(__name__)
MOST: Final = 100
"""So many packets are written at a time, and all that had more than one inside."""


class Samples:
    """Of one process."""

    def __init__(self, ops: Store, runtime: Runtime, process: str, cap: int) -> None:
        self._ops, self._runtime, self._process, self._cap = ops, runtime, process, cap
        self._lock = threading.Lock()
        self._inside: dict[str, int] = {}
        self._most: dict[str, int] = {}
        """Since it was last written."""

    @contextmanager
    def inside(self, packet: str, opens: int) -> Iterator[None]:
        """The block has so many opens of a packet in the database."""
        with self._lock:
            inside = self._inside[packet] = self._inside.get(packet, 0) + opens
            if inside > self._most.get(packet, 0):
                self._most[packet] = inside
        try:
            yield
        finally:
            with self._lock:
                self._inside[packet] -= opens
                if not self._inside[packet]:
                    del self._inside[packet]

    def write(self) -> None:
        """Write what is new of the packets that had most inside; what cannot be written is kept for the next time."""
        with self._lock:
            taken, self._most = self._most, {}
        hot = sorted(taken, key=lambda packet: (-taken[packet], packet))
        at_us = self._runtime.now_us()
        rows = [
            Sample(self._process, packet, taken[packet], self._cap, at_us)
            for place, packet in enumerate(hot)
            if place < MOST or taken[packet] > 1
        ]
        try:
            if rows:
                keep_most(self._ops, rows)
        except sa.exc.SQLAlchemyError:
            log.warning("the operators' database does not answer; %d samples are written later", len(rows))
            self._keep(rows)

    def watch(self, every_s: float) -> None:
        """Write without end."""
        while True:
            self._runtime.sleep(every_s)
            self.write()

    def _keep(self, rows: list[Sample]) -> None:
        with self._lock:
            for row in rows:
                self._most[row.packet] = max(row.inside, self._most.get(row.packet, 0))
