"""What the use cases work on. Made in one place: bootstrap.py."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import redis

from reference_impl.domain.identifiers import PacketId
from reference_impl.ledger.ledger import Ledger
from reference_impl.packets.group_commit import Opens
from reference_impl.packets.numbers import Numbers
from reference_impl.resilience.controls import Controls
from reference_impl.resilience.counts import Counts
from reference_impl.runtime import Runtime
from reference_impl.settings import Settings
from reference_impl.stores.layout import OrderTables, hot_days, order_tables
from reference_impl.stores.sql import Store
from reference_impl.wallet.desk import Desk


class HotTables(NamedTuple):
    """Of one order database: the tables in use, day by day, live and tagged."""

    store: Store
    tables: tuple[OrderTables, ...]


@dataclass(frozen=True)
class System:
    settings: Settings
    runtime: Runtime
    orders: dict[tuple[str, int], Store]
    """The order databases by region and shard; nothing is synchronised between regions (W01)."""
    ledger: Ledger
    lists: Store
    """The user lists, whose one home is south (W02)."""
    ops: Store
    """What operators set, and what processes saw."""
    cache: redis.Redis
    stream: redis.Redis
    numbers: Numbers
    opens: Opens
    controls: Controls
    counts: Counts
    desk: Desk | None = None
    """The festival wallet's, where there is an activity."""

    def order_store(self, packet: PacketId) -> Store | None:
        """The database a packet lives in; None where the id names a shard that is not there."""
        return self.orders.get((packet.region, packet.shard))

    def hot_tables(self) -> Iterator["HotTables"]:
        """The tables in use of every order database (W14)."""
        days = hot_days(self.runtime.today(), self.settings.hot_days)
        for (_, shard), store in self.orders.items():
            yield HotTables(store, tuple(order_tables(shard, day, tagged) for tagged in self.sides() for day in days))

    def sides(self) -> Iterator[bool]:
        """Live and tagged."""
        yield from (False, True)

    def close(self) -> None:
        for store in (*self.orders.values(), *self.ledger.stores, self.lists, self.ops):
            store.close()
        if self.desk is not None:
            self.desk.close()
        self.cache.close()
        self.stream.close()
