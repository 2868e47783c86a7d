"""Orders that were given, as a KV store remembers them (B10).

It is told of an order only after its row is committed, so that what it says was given stands. What it does not know
proves nothing: the order's unique key decides.
"""

from typing import Final

import redis

from reference_impl.domain.orders import OrderNumber
from reference_impl.stores.cache import order_key

REMEMBERS_S: Final = 86_400


class KnownOrders:
    def __init__(self, client: redis.Redis) -> None:
        self.client = client

    def amount_fen(self, order: OrderNumber) -> int | None:
        """What was given under an order number. Raises CacheError."""
        found = self.client.get(order_key(str(order), order.tagged))
        return None if found is None else int(str(found))

    def note(self, order: OrderNumber, amount_fen: int) -> None:
        """Remember an order whose row is committed. Raises CacheError."""
        self.client.set(order_key(str(order), order.tagged), amount_fen, ex=REMEMBERS_S)
