"""Reading without the cache: the database is asked instead, under its guard (W17)."""

from collections.abc import Callable
from typing import TypeVar

from reference_impl.resilience.breaker import CACHE
from reference_impl.stores.cache import CacheError
from reference_impl.system import System

T = TypeVar("T")


def cached(system: System, read: Callable[[], T]) -> T | None:
    """What the cache says, or None where it does not answer or operators have switched it off."""
    if system.controls.on("grab_database") or not system.breakers.may_try(CACHE):
        return None
    try:
        return system.breakers.tried(CACHE, read)
    except CacheError:
        return None


def guard(system: System, cache_answers: bool) -> None:
    """Whoever reads the database passes here: while the cache does not answer, so many as may (W12).

    Raises Refused("limited").
    """
    if not cache_answers or system.controls.on("database_guard"):
        system.limits.take("guard_per_s")
