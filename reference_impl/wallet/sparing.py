"""What spares the databases work on an award's way, as far as it answers: a KV store and a lock (B10).

Of two taps at once the second waits for the first, and finds its award. Who does not get the lock in time, or finds
its Redis gone, goes on without it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from reference_impl.domain.orders import OrderNumber
from reference_impl.resilience import weak
from reference_impl.resilience.breaker import KV, LOCK
from reference_impl.system import System
from reference_impl.wallet.desk import Desk

TRIES: Final = 5
WAITS_S: Final = 0.01


def known_fen(system: System, desk: Desk, order: OrderNumber) -> int | None:
    """The amount under an order number, where the KV store knows it."""
    return weak.ask(system, KV, lambda: desk.known.amount_fen(order), None)


def note(system: System, desk: Desk, order: OrderNumber, amount_fen: int) -> None:
    """Tell the KV store of an order whose row is committed."""
    weak.ask(system, KV, lambda: desk.known.note(order, amount_fen), None)


@contextmanager
def one_at_a_time(system: System, desk: Desk, act: int) -> Iterator[None]:
    """The time in which a person is locked, as far as that succeeds."""
    holder = str(system.runtime.draw())
    is_taken = _taken(system, desk, act, holder)
    try:
        yield
    finally:
        if is_taken:
            weak.ask(system, LOCK, lambda: desk.locks.release(act, holder), None)


def _taken(system: System, desk: Desk, act: int, holder: str) -> bool:
    for _ in range(TRIES):
        taken = weak.ask(system, LOCK, lambda: desk.locks.take(act, holder), None)
        if taken is not False:
            return taken is True
        system.runtime.sleep(WAITS_S)
    return False
