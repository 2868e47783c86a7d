"""Whether the stores of a process answer, found out side by side and within a second."""

import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from functools import partial
from typing import Final

import sqlalchemy as sa

from reference_impl.stores.cache import CacheError
from reference_impl.stores.sql import Store
from reference_impl.system import System

PATIENCE_S: Final = 1.0


class Probes:
    """One question a store at a time: one that still owes an answer is not asked again, and counts as silent."""

    def __init__(self, system: System) -> None:
        self._spawn = system.runtime.spawn
        self._lock = threading.Lock()
        self._asked: dict[str, Future[bool]] = {}
        stores = (*system.orders.values(), *system.ledger.stores, system.lists, system.ops)
        self._questions: dict[str, Callable[[], object]] = {store.name: partial(_select, store) for store in stores}
        self._questions |= {"cache": system.cache.ping, "stream": system.stream.ping}

    def answering(self) -> dict[str, bool]:
        """Store → whether it answered now."""
        with self._lock:
            asked = {name: self._ask(name) for name in self._questions}
        wait(asked.values(), PATIENCE_S)
        return {name: future.done() and future.result() for name, future in asked.items()}

    def _ask(self, name: str) -> "Future[bool]":
        standing = self._asked.get(name)
        if standing is not None and not standing.done():
            return standing
        future = self._asked[name] = Future()
        self._spawn(f"probe {name}", partial(_settle, future, self._questions[name]))
        return future


def _select(store: Store) -> None:
    store.read(lambda connection: connection.exec_driver_sql("SELECT 1").scalar_one())


def _settle(future: "Future[bool]", question: Callable[[], object]) -> None:
    try:
        question()
        future.set_result(True)
    except (sa.exc.SQLAlchemyError, CacheError):
        future.set_result(False)
