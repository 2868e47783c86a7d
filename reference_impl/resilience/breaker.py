"""Breakers: what keeps failing is left alone for a while, then tried again by one call at a time (W04).

closed ── enough failures in a window ──▶ open ── rested: one call may try ──▶ it works: closed; it fails: open
"""

from collections.abc import Callable
from typing import Final, NamedTuple, TypeVar

import redis
import sqlalchemy as sa

from reference_impl.domain.errors import Refused
from reference_impl.runtime import Runtime
from reference_impl.settings import Settings
from reference_impl.stores.sql import is_transient

T = TypeVar("T")
CACHE: Final = "cache"
KV: Final = "kv"
LOCK: Final = "lock"
REDIS: Final = (CACHE, KV, LOCK)
"""The breakers of what is a Redis; a database's has its name."""


class Rules(NamedTuple):
    failures: int
    window_us: int
    rest_us: int


class Breaker(NamedTuple):
    """`opened_us`: since when it is open, or was last tried; 0 while it is closed. The window begins with a failure."""

    opened_us: int = 0
    since_us: int = 0
    failed: int = 0
    worked: int = 0


def asked(breaker: Breaker, rules: Rules, now_us: int) -> tuple[bool, Breaker]:
    """Whether a call may be made, and the breaker afterwards: of an open one that has rested, this call's trial."""
    if not breaker.opened_us:
        return True, breaker
    if 0 <= now_us - breaker.opened_us < rules.rest_us:
        return False, breaker
    return True, breaker._replace(opened_us=now_us)


def told(breaker: Breaker, rules: Rules, worked: bool, now_us: int) -> Breaker:
    """The breaker after a call. It opens when at least half of a window's calls failed, and not too few."""
    if breaker.opened_us:
        return Breaker() if worked else breaker._replace(opened_us=now_us)
    if not 0 <= now_us - breaker.since_us < rules.window_us:
        breaker = Breaker(since_us=now_us)
    if worked:
        return breaker._replace(worked=breaker.worked + 1) if breaker.failed else Breaker()
    failed = breaker.failed + 1
    opens = failed >= rules.failures and failed >= breaker.worked
    return breaker._replace(failed=failed, opened_us=now_us if opens else 0)


class Breakers:
    """The breakers of one process, by the name of what they guard."""

    def __init__(self, settings: Settings, runtime: Runtime) -> None:
        self._rules = Rules(
            settings.breaker_failures, settings.breaker_window_ms * 1000, settings.breaker_rest_ms * 1000
        )
        self._runtime = runtime
        self._lock = runtime.lock()
        self._breakers: dict[str, Breaker] = {}

    def is_open(self, name: str) -> bool:
        breaker = self._breakers.get(name)
        return breaker is not None and breaker.opened_us > 0

    def may_try(self, name: str) -> bool:
        """Whether a call may be made now; of an open breaker, the one trial."""
        if not self.is_open(name):
            return True
        with self._lock:
            allowed, self._breakers[name] = asked(self._breakers[name], self._rules, self._runtime.now_us())
        return allowed

    def call(self, name: str, work: Callable[[], T]) -> T:
        """What `work` returns or raises, learned from. Raises Refused("unavailable") while it may not be called."""
        if not self.may_try(name):
            raise Refused("unavailable", f"{name} rests")
        return self.tried(name, work)

    def tried(self, name: str, work: Callable[[], T]) -> T:
        """The same for whoever was allowed already."""
        try:
            answer = work()
        except (redis.RedisError, sa.exc.SQLAlchemyError) as error:
            if isinstance(error, redis.RedisError) != (name in REDIS):
                raise
            if _is_outage(error):
                self._tell(name, False)
            elif name in self._breakers and isinstance(error, sa.exc.DBAPIError | redis.ResponseError):
                self._tell(name, True)
            raise
        if name in self._breakers:
            self._tell(name, True)
        return answer

    def _tell(self, name: str, worked: bool) -> None:
        now_us = self._runtime.now_us()
        with self._lock:
            after = told(self._breakers.get(name, Breaker()), self._rules, worked, now_us)
            if after == Breaker():
                self._breakers.pop(name, None)
            else:
                self._breakers[name] = after


def _is_outage(error: Exception) -> bool:
    """Whether an error says that a store does not serve; a full pool or a lost deadlock says only that it is busy."""
    if isinstance(error, redis.RedisError):
        return isinstance(error, redis.ConnectionError | redis.TimeoutError)
    return isinstance(error, sa.exc.OperationalError | sa.exc.InterfaceError) and not is_transient(error)
