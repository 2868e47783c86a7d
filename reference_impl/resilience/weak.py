"""Weak dependencies: asked where that helps, done without where they are switched off, rest or fail (B10).

Nothing that they say or fail to say decides about money: whoever asks one is right without its answer too.
"""

from collections.abc import Callable
from typing import TypeVar

from reference_impl.stores.cache import CacheError
from reference_impl.system import System

T = TypeVar("T")


def ask(system: System, dependency: str, work: Callable[[], T], otherwise: T) -> T:
    """What a dependency, `kv` or `lock`, says; `otherwise` where it is done without.

    A switch of its name turns it off by hand, its breaker by itself.
    """
    if not system.controls.on(f"{dependency}_skip") and system.breakers.may_try(dependency):
        try:
            return system.breakers.tried(dependency, work)
        except CacheError:
            pass  # the breaker has learned it
    system.counts.add("done_without", dependency)
    return otherwise
