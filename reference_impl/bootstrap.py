"""The one place that wires: settings in, a System out."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import redis
import sqlalchemy as sa

from reference_impl.ledger.ledger import Ledger
from reference_impl.packets import open as opening
from reference_impl.packets.group_commit import Batch, EachAlone, GroupCommit, Opens
from reference_impl.packets.numbers import Numbers
from reference_impl.runtime import Runtime, ThreadRuntime
from reference_impl.settings import Settings
from reference_impl.stores.cache import connect_cache
from reference_impl.stores.layout import create_ledger_store, create_order_store
from reference_impl.stores.sql import Store
from reference_impl.system import System


def order_store_names(settings: Settings) -> dict[tuple[str, int], str]:
    return {(region, x): f"{region}_{x}" for region in settings.regions for x in range(settings.order_shards)}


def ledger_store_names(settings: Settings) -> list[str]:
    return [f"ledger_{x}" for x in range(settings.ledger_shards)]


class Stores(NamedTuple):
    """What the processes of a deployment share."""

    orders: dict[tuple[str, int], Store]
    ledger: list[Store]

    def close(self) -> None:
        for store in (*self.orders.values(), *self.ledger):
            store.close()


def connect(settings: Settings, runtime: Runtime) -> Stores:
    """The databases of a deployment; nothing is sent to them yet."""
    return Stores(
        {place: Store(name, settings.sql, runtime) for place, name in order_store_names(settings).items()},
        [Store(name, settings.sql, runtime) for name in ledger_store_names(settings)],
    )


def create_stores(settings: Settings) -> None:
    """Make the databases, tables and views that are not there yet; side by side, for a server waits for its disk."""
    if settings.sql.startswith("sqlite"):
        Path(settings.data).mkdir(parents=True, exist_ok=True)
    else:
        _create_databases(settings)
    stores = connect(settings, ThreadRuntime())
    with ThreadPoolExecutor() as pool:
        making = [
            pool.submit(create_order_store, store, shard, settings.day_tables)
            for (_, shard), store in stores.orders.items()
        ]
        making += [pool.submit(create_ledger_store, store) for store in stores.ledger]
    for made in making:
        made.result()
    stores.close()


def build(settings: Settings, runtime: Runtime, holder: str) -> System:
    """A system over stores that exist; `holder` names the process in the table of epochs."""
    return assemble(settings, runtime, connect(settings, runtime), connect_cache(settings.cache), holder)


def assemble(settings: Settings, runtime: Runtime, stores: Stores, cache: redis.Redis, holder: str) -> System:
    """A system over connected stores: what a process holds in memory, and nothing that outlives it."""
    ledger = Ledger(stores.ledger)
    system = System(
        settings=settings,
        runtime=runtime,
        orders=stores.orders,
        ledger=ledger,
        cache=cache,
        numbers=Numbers(ledger, cache, runtime, holder),
        opens=_opens(settings, runtime, lambda packet, requests: opening.serve_batch(system, packet, requests)),
    )
    return system


def _opens(settings: Settings, runtime: Runtime, batch: Batch) -> Opens:
    if not settings.group_commit:
        return EachAlone(runtime, batch, most=settings.group_most)
    return GroupCommit(
        runtime,
        batch,
        wait_s=settings.group_wait_ms / 1000,
        most=settings.group_most,
        queue=settings.group_queue,
        patience_s=settings.open_patience_s,
    )


def _create_databases(settings: Settings) -> None:
    engine = sa.create_engine(settings.sql + "/", isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for name in (*order_store_names(settings).values(), *ledger_store_names(settings)):
            connection.exec_driver_sql(f"CREATE DATABASE IF NOT EXISTS {name} CHARACTER SET utf8mb4")
    engine.dispose()
