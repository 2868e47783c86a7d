"""The one place that wires: settings in, a System out."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random
from typing import Final, NamedTuple

import msgspec
import redis

from reference_impl.bank_service import Teller
from reference_impl.domain.bank_moods import mood_of, parse_moods
from reference_impl.ledger.ledger import Ledger
from reference_impl.packets import open as opening
from reference_impl.packets.generator import Generator
from reference_impl.packets.group_commit import Batch, EachAlone, GroupCommit, Opens
from reference_impl.packets.memory import Memory
from reference_impl.packets.numbers import Numbers
from reference_impl.packets.recent import Recent
from reference_impl.resilience.breaker import Breakers
from reference_impl.resilience.controls import Controls
from reference_impl.resilience.counts import Counts
from reference_impl.resilience.limits import Limits
from reference_impl.resilience.samples import Samples
from reference_impl.runtime import Runtime, ThreadRuntime
from reference_impl.settings import Settings
from reference_impl.stores.cache import connect_cache
from reference_impl.stores.cold_tables import create_cold_store
from reference_impl.stores.layout import create_ledger_store, create_order_store
from reference_impl.stores.list_tables import create_list_store
from reference_impl.stores.ops_tables import create_ops_store
from reference_impl.stores.sql import Store, create_database
from reference_impl.stores.wallet_tables import create_wallet_store
from reference_impl.system import System
from reference_impl.wallet.bank import Bank, Careful, HttpBank, Moody
from reference_impl.wallet.bank_books import Books, create_bank_store
from reference_impl.wallet.budget import Budgets
from reference_impl.wallet.config import Config
from reference_impl.wallet.desk import Desk
from reference_impl.wallet.keys import load_keys
from reference_impl.wallet.known_orders import KnownOrders
from reference_impl.wallet.person_lock import Locks
from reference_impl.wallet.sdk import Sdk
from reference_impl.wallet.sealing import Key, Keyring
from reference_impl.wallet.stock import Stock
from reference_impl.wallet.token_store import TokenStore
from reference_impl.wallet.total_store import Merged, Spread, TotalStore

OPS_STORE: Final = "ops_0"
BANK_STORE: Final = "bank_0"
LIST_STORE: Final = "lists_0"
CONTROLS_FILE: Final = "controls.json"
ACTIVITY_FILE: Final = "activity.json"
WEAK_PATIENCE_S: Final = 0.05
"""So long a weak dependency is waited for (B10)."""


def order_store_names(settings: Settings) -> dict[tuple[str, int], str]:
    """The order databases that a process of these settings works on."""
    return {(region, x): f"{region}_{x}" for region in settings.regions_served for x in range(settings.order_shards)}


def cold_store_names(settings: Settings) -> dict[str, str]:
    """The cold stores that a process of these settings works on, by region (W14)."""
    return {region: f"cold_{region}" for region in settings.regions_served}


def ledger_store_names(settings: Settings) -> list[str]:
    return [f"ledger_{x}" for x in range(settings.ledger_shards)]


def store_names(settings: Settings) -> list[str]:
    """Every database that a process of these settings works on."""
    orders = (*order_store_names(settings).values(), *cold_store_names(settings).values())
    others = [*wallet_store_names(settings), *bank_store_names(settings), LIST_STORE, OPS_STORE]
    return [*orders, *ledger_store_names(settings), *others]


def wallet_store_names(settings: Settings) -> list[str]:
    return [f"wallet_{x}" for x in range(settings.wallet_shards)] if settings.activity else []


def bank_store_names(settings: Settings) -> list[str]:
    """The bank's books are ours where there is no other, or where it is a stand-in of ours."""
    return [BANK_STORE] if settings.activity and (settings.bank_port or not settings.bank) else []


class Stores(NamedTuple):
    """What the processes of a deployment share; `all` are those that are written."""

    orders: dict[tuple[str, int], Store]
    cold: dict[str, Store]
    standbys: dict[str, Store]
    ledger: list[Store]
    lists: Store
    ops: Store
    wallet: list[Store]
    bank: list[Store]

    @property
    def all(self) -> list[Store]:
        packets = (*self.orders.values(), *self.cold.values())
        return [*packets, *self.ledger, self.lists, self.ops, *self.wallet, *self.bank]

    def close(self) -> None:
        for store in (*self.all, *self.standbys.values()):
            store.close()


def connect(settings: Settings, runtime: Runtime) -> Stores:
    """The databases of a deployment; nothing is sent to them yet."""

    def store(name: str) -> Store:
        return Store(name, settings.address_of(name), runtime, settings.replica_of(name))

    return Stores(
        orders={place: store(name) for place, name in order_store_names(settings).items()},
        cold={region: store(name) for region, name in cold_store_names(settings).items()},
        standbys={
            name: Store(name, settings.standby_of(name), runtime)
            for name in order_store_names(settings).values()
            if settings.standby_of(name) != settings.address_of(name)
        },
        ledger=[store(name) for name in ledger_store_names(settings)],
        lists=store(LIST_STORE),
        ops=store(OPS_STORE),
        wallet=[store(name) for name in wallet_store_names(settings)],
        bank=[store(name) for name in bank_store_names(settings)],
    )


def create_stores(settings: Settings) -> None:
    """Make the databases, tables and views that are not there yet; side by side, for a server waits for its disk."""
    stores = connect(settings, ThreadRuntime())
    Path(settings.data).mkdir(parents=True, exist_ok=True)
    for store in stores.all:
        create_database(store.name, settings.address_of(store.name), settings.replica_of(store.name))
    with ThreadPoolExecutor() as pool:
        making = [
            pool.submit(create_order_store, store, shard, settings.day_tables)
            for (_, shard), store in stores.orders.items()
        ]
        making += [pool.submit(create_cold_store, store) for store in stores.cold.values()]
        making += [pool.submit(create_ledger_store, store) for store in stores.ledger]
        making += [pool.submit(create_list_store, stores.lists), pool.submit(create_ops_store, stores.ops)]
        making += [pool.submit(create_wallet_store, store) for store in stores.wallet]
        making += [pool.submit(create_bank_store, store) for store in stores.bank]
    for made in making:
        made.result()
    stores.close()


def build(settings: Settings, runtime: Runtime, holder: str) -> System:
    """A system over stores that exist; `holder` names the process in the table of epochs."""
    cache = connect_cache(settings.cache, settings.data)
    stream = connect_cache(settings.stream, settings.data) if settings.stream else cache
    stores = connect(settings, runtime)
    desk = None
    if settings.activity:
        tokens = connect_cache(settings.tokens, settings.data) if settings.tokens else stream
        others = {
            "kv": _other(settings.kv, settings.data, patience_s=WEAK_PATIENCE_S),
            "lock": _other(settings.lock, settings.data, patience_s=WEAK_PATIENCE_S),
            "backup": _other(settings.total_backup, f"{settings.data}/backup"),
        }
        desk = open_desk(settings, runtime, stores, tokens, holder, load_keys(Path(settings.data)), **others)
        desk.config.refresh()
    file = Path(settings.data) / CONTROLS_FILE
    system = assemble(settings, runtime, stores, cache, holder, stream=stream, controls_file=file, desk=desk)
    system.controls.load()
    return system


def build_all(settings: Sequence[Settings], runtime: Runtime, holder: str) -> list[System]:
    """A system a region, for who works on all of them. What is set by the controls of one is set in every region."""
    systems = [build(one, runtime, holder) for one in settings]
    for system in systems:
        system.controls.others = [other.controls for other in systems if other is not system]
    return systems


def open_sdk(settings: Settings, holder: str) -> Sdk:
    """The wallet as a library inside another service, over a deployment that exists; it serves no packets (B21)."""
    wallet_only = msgspec.structs.replace(settings, regions=(), serves=())
    sdk = Sdk(build(wallet_only, ThreadRuntime(), holder))
    sdk.system.runtime.spawn("sdk", sdk.watch)
    return sdk


def assemble(
    settings: Settings,
    runtime: Runtime,
    stores: Stores,
    cache: redis.Redis,
    holder: str,
    *,
    stream: redis.Redis | None = None,
    controls_file: Path | None = None,
    desk: Desk | None = None,
) -> System:
    """A system over connected stores: what a process holds in memory, and nothing that outlives it.

    Without `stream`, the cache carries the streams too.
    """
    ledger = Ledger(stores.ledger)
    stream = stream or cache
    controls, counts = Controls(stores.ops, stream, runtime, controls_file), Counts()
    system = System(
        name=holder,
        settings=settings,
        runtime=runtime,
        orders=stores.orders,
        cold=stores.cold,
        standbys=stores.standbys,
        ledger=ledger,
        lists=stores.lists,
        ops=stores.ops,
        cache=cache,
        stream=stream,
        memory=Memory(runtime, most=settings.memory_packets, lasts_s=settings.memory_s),
        numbers=Numbers(ledger, cache, runtime, holder),
        generator=Generator(ledger, runtime, holder),
        recent=Recent(runtime),
        steered=Recent(runtime),
        opens=_opens(settings, runtime, lambda packet, requests: opening.serve_batch(system, packet, requests)),
        controls=controls,
        counts=counts,
        limits=Limits(controls, counts, runtime),
        breakers=Breakers(settings, runtime),
        samples=Samples(stores.ops, runtime, holder, settings.group_most),
        desk=desk,
    )
    return system


def open_desk(
    settings: Settings,
    runtime: Runtime,
    stores: Stores,
    tokens: redis.Redis,
    holder: str,
    keys: Sequence[Key],
    *,
    kv: redis.Redis | None = None,
    lock: redis.Redis | None = None,
    backup: redis.Redis | None = None,
) -> Desk:
    """What the festival wallet works on. Without `kv` and `lock`, the tokens' Redis does their work too; `backup`
    counts the live total a second time.
    """
    shipped = Path(settings.activity).read_text(encoding="utf-8")
    return Desk(
        config=Config(stores.ops, Path(settings.data) / ACTIVITY_FILE, shipped),
        keyring=Keyring(keys, runtime.draw),
        tokens=TokenStore(tokens),
        orders=stores.wallet,
        budgets=Budgets(stores.wallet[0], runtime, holder, settings.slice_fen, int(settings.slice_s * 1_000_000)),
        bank=Careful(_bank(settings, runtime, stores)),
        known=KnownOrders(kv or tokens),
        locks=Locks(lock or tokens),
        stock=Stock(tokens, stores.wallet, settings.stock_parts),
        total=_total(settings, runtime, tokens, backup, holder),
    )


def _bank(settings: Settings, runtime: Runtime, stores: Stores) -> Bank:
    """The bank at its address; without one, books in this process."""
    if settings.bank:
        return HttpBank(settings.bank)
    books = Books(stores.bank[0])
    return Moody(books, bank_moods(settings), runtime.sleep) if settings.bank_moods else books


def bank_moods(settings: Settings) -> Iterator[str]:
    """The bank's moods, one a request, without end. Raises ValueError."""
    shares, random = parse_moods(settings.bank_moods), Random(settings.bank_seed)
    return iter(lambda: mood_of(shares, random.random()), None)


def open_bank(settings: Settings) -> Teller:
    """What the stand-in's process serves: its own books, which nobody else writes."""
    store = Store(BANK_STORE, settings.address_of(BANK_STORE), ThreadRuntime(), settings.replica_of(BANK_STORE))
    return Teller(Books(store), bank_moods(settings))


def _other(address: str, folder: str, **patience: float) -> redis.Redis | None:
    """A client for a Redis of its own, where there is one."""
    return connect_cache(address, folder, **patience) if address else None


def _total(
    settings: Settings, runtime: Runtime, client: redis.Redis, backup: redis.Redis | None, holder: str
) -> TotalStore:
    if settings.total_plan == 1:
        return Spread(client, runtime, holder)
    return Merged(client, backup, runtime, holder)


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
