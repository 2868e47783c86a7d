"""A short lock a person, in a Redis (B10). It decides nothing: an order's unique key is what makes it one."""

from typing import Any, Final

import redis

from reference_impl.domain.acts import is_tagged_act
from reference_impl.stores.cache import lock_key

LASTS_MS: Final = 2_000
"""Whoever dies with it locks nobody out for longer."""

_RELEASE: Final = """
if redis.call('GET', KEYS[1]) == ARGV[1] then
    return redis.call('DEL', KEYS[1])
end
return 0
"""


class Locks:
    def __init__(self, client: redis.Redis) -> None:
        self.client = client
        self._release: Any = client.register_script(_RELEASE)

    def take(self, act: int, holder: str) -> bool:
        """Raises CacheError."""
        return bool(self.client.set(lock_key(act, is_tagged_act(act)), holder, nx=True, px=LASTS_MS))

    def release(self, act: int, holder: str) -> None:
        """Only what is the holder's own. Raises CacheError."""
        self._release(keys=[lock_key(act, is_tagged_act(act))], args=[holder])
