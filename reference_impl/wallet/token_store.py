"""The server's half of the tokens, in Redis: what each person was promised, and a stream of what is to be credited
(B08).

Both are written by one script, so that a token is never in one without the other. The field of an award that is
credited says so and stays until the activity ends: it is what makes asking again cheap. Nothing here is trusted with
money: what is lost the clients' tokens bring back, and the ledger credits an order number once.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec
import redis

from reference_impl.domain.acts import is_tagged_act
from reference_impl.ledger.awards import Award
from reference_impl.stores import stream
from reference_impl.stores.layout import side

CREDITED: Final = "credited:"
"""Before the amount, where a token stood."""
REFUSED: Final = "refused:"
"""In place of a token that surely was not given, and will not be."""

_KEEP: Final = f"""
local standing = redis.call('HGET', KEYS[1], ARGV[1])
if standing and not (standing == '{REFUSED}' and ARGV[5] == '1') then
    return standing
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('XADD', KEYS[2], '*', ARGV[3], ARGV[4])
return ARGV[2]
"""


class Promise(stream.Body, frozen=True):
    """An award that is to be credited."""

    order: str
    amount_fen: int
    slice: int
    opened_us: int

    @property
    def award(self) -> Award:
        return Award(self.order, self.amount_fen, self.slice, self.opened_us)


AWARDS: Final = stream.Topic("stream:awards", Promise)
AWARDS_AGAIN: Final = stream.Topic("stream:awards_again", Promise)
"""The compensation of AWARDS."""
TOPICS: Final = (AWARDS, AWARDS_AGAIN)


def tokens_key(act: int) -> str:
    """A hash: order number → token, or CREDITED and the amount, or REFUSED."""
    return f"{side(is_tagged_act(act))}tokens:{act}"


def is_token(text: str) -> bool:
    """Whether what stands under an order number is a token."""
    return not text.startswith((CREDITED, REFUSED))


class TokenStore:
    def __init__(self, client: redis.Redis) -> None:
        self.client = client
        self._keep: Any = client.register_script(_KEEP)

    def keep(self, act: int, order: str, token: str, promise: Promise, *, proven: bool = False) -> str:
        """Remember a token and have it credited; what stands at this order number then. `proven`: it was given before,
        whatever was refused since it was lost. Raises CacheError."""
        keys = [tokens_key(act), stream.stream_name(AWARDS, is_tagged_act(act))]
        kept = self._keep(keys=keys, args=[order, token, stream.BODY, msgspec.json.encode(promise), int(proven)])
        return str(kept)

    def refuse(self, act: int, order: str) -> str:
        """See to it that nothing is given under an order number any more; what stands at it then. Raises CacheError."""
        self.client.hsetnx(tokens_key(act), order, REFUSED)
        return self.standing(act, order) or REFUSED

    def standing(self, act: int, order: str) -> str | None:
        """Raises CacheError."""
        found = self.client.hget(tokens_key(act), order)
        return None if found is None else str(found)

    def all(self, act: int) -> Mapping[str, str]:
        """Everything of a person. Raises CacheError."""
        found: Any = self.client.hgetall(tokens_key(act))
        return dict(found)

    def mark_credited(self, awards: Iterable[Award]) -> None:
        """Raises CacheError; who reads then sees the tokens, and the ledger beside them."""
        with self.client.pipeline(transaction=False) as pipe:
            for award in awards:
                pipe.hset(tokens_key(award.number.act), award.order, f"{CREDITED}{award.amount_fen}")
            pipe.execute()
