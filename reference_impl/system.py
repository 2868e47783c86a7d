"""What the use cases work on. Made in one place: bootstrap.py."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import redis

from reference_impl.domain.identifiers import PacketId
from reference_impl.domain.packet import Order
from reference_impl.ledger.ledger import Ledger
from reference_impl.packets.generator import Generator
from reference_impl.packets.group_commit import Opens
from reference_impl.packets.memory import Memory
from reference_impl.packets.numbers import Numbers
from reference_impl.packets.recent import Recent
from reference_impl.resilience.breaker import Breakers
from reference_impl.resilience.controls import Controls
from reference_impl.resilience.counts import Counts
from reference_impl.resilience.limits import Limits
from reference_impl.resilience.samples import Samples
from reference_impl.runtime import Runtime
from reference_impl.settings import Settings
from reference_impl.stores.cold_tables import cold_tables
from reference_impl.stores.layout import OrderTables, hot_days, order_tables
from reference_impl.stores.sql import Store
from reference_impl.wallet.desk import Desk


class HotTables(NamedTuple):
    """Of one order database: the tables in use, day by day, live and tagged."""

    store: Store
    tables: tuple[OrderTables, ...]


@dataclass(frozen=True)
class System:
    name: str
    """Of the process."""
    settings: Settings
    runtime: Runtime
    orders: dict[tuple[str, int], Store]
    """The order databases by region and shard; nothing is synchronised between regions (W01)."""
    cold: dict[str, Store]
    """The cold stores by region, where days go that are over (W14)."""
    standbys: dict[str, Store]
    """Replicas of order databases that serve no user, by the database's name; those that have one (W09)."""
    ledger: Ledger
    lists: Store
    """The user lists, whose one home is south (W02)."""
    ops: Store
    """What operators set, and what processes saw."""
    cache: redis.Redis
    stream: redis.Redis
    memory: Memory
    """What this process remembers of packets (W08)."""
    numbers: Numbers
    generator: Generator
    recent: Recent[Order]
    """The orders that keys got in this process a moment ago (W22)."""
    steered: Recent[str]
    """The regions they were sent to."""
    opens: Opens
    controls: Controls
    counts: Counts
    limits: Limits
    breakers: Breakers
    samples: Samples
    desk: Desk | None = None
    """The festival wallet's, where there is an activity."""

    def order_store(self, packet: PacketId) -> Store | None:
        """The database a packet lives in; None where the id names a shard that is not there."""
        return self.orders.get((packet.region, packet.shard))

    def hot_tables(self) -> Iterator["HotTables"]:
        """The tables in use of every order database: of all days on which a packet may not be over yet (W14, W21)."""
        days = hot_days(self.runtime.today(), self.settings.days_looked_at)
        yield from self._tables_of([day for day in days if day in self.settings.day_tables])

    def day_tables(self) -> Iterator["HotTables"]:
        """The tables of every order database, of every day there is: what is not over yet may be old."""
        yield from self._tables_of(self.settings.day_tables)

    def all_tables(self) -> Iterator["HotTables"]:
        """Wherever a packet may stand, also when it is cold. A packet on its way stands in both for a moment."""
        yield from self.day_tables()
        for store in self.cold.values():
            yield HotTables(store, tuple(cold_tables(tagged).orders for tagged in self.sides()))

    def _tables_of(self, days: Sequence[int]) -> Iterator["HotTables"]:
        for (_, shard), store in self.orders.items():
            yield HotTables(store, tuple(order_tables(shard, day, tagged) for tagged in self.sides() for day in days))

    def sides(self) -> Iterator[bool]:
        """Live and tagged."""
        yield from (False, True)

    def close(self) -> None:
        apart = (*self.cold.values(), *self.standbys.values(), *self.ledger.stores, self.lists, self.ops)
        for store in (*self.orders.values(), *apart):
            store.close()
        if self.desk is not None:
            self.desk.close()
        self.cache.close()
        self.stream.close()
