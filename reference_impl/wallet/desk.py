"""What the wallet's use cases work on beside the System's ledger, runtime and counts."""

from dataclasses import dataclass

from reference_impl.domain.scenes import Activity
from reference_impl.stores.sql import Store
from reference_impl.wallet.bank import Bank
from reference_impl.wallet.budget import Budgets
from reference_impl.wallet.config import Config
from reference_impl.wallet.known_orders import KnownOrders
from reference_impl.wallet.person_lock import Locks
from reference_impl.wallet.sealing import Keyring
from reference_impl.wallet.stock import Stock
from reference_impl.wallet.token_store import TokenStore
from reference_impl.wallet.total_store import TotalStore


@dataclass(frozen=True)
class Desk:
    config: Config
    keyring: Keyring
    tokens: TokenStore
    orders: list[Store]
    """The asset orders' databases, by act_id."""
    budgets: Budgets
    bank: Bank
    stock: Stock
    total: TotalStore
    known: KnownOrders
    locks: Locks

    @property
    def activity(self) -> Activity:
        """As it is configured at this moment."""
        return self.config.activity

    def shard(self, act: int) -> Store:
        return self.orders[act % len(self.orders)]

    @property
    def budget_store(self) -> Store:
        """Where budgets and slices stand."""
        return self.orders[0]

    def close(self) -> None:
        for store in self.orders:
            store.close()
        for client in (self.tokens.client, self.known.client, self.locks.client, self.total):
            client.close()
