"""The full cache (Redis, or fakeredis inside the process) and its keys; every tagged key carries the shadow prefix."""

from typing import Final

import fakeredis
import redis

from reference_impl.stores.layout import side

CacheError = redis.RedisError
"""What every call of a cache or stream may raise."""

_embedded: Final[dict[str, fakeredis.FakeServer]] = {}


def connect_cache(address: str, data: str, patience_s: float = 2.0) -> redis.Redis:
    """A client of the cache at `address`; `embedded` is one cache inside the process, of the deployment in `data`."""
    if address == "embedded":
        server = _embedded.setdefault(data, fakeredis.FakeServer(version=(7,)))
        embedded: redis.Redis = fakeredis.FakeRedis(server=server, decode_responses=True)
        return embedded
    return redis.Redis.from_url(
        address,
        decode_responses=True,
        socket_timeout=patience_s,
        socket_connect_timeout=min(1.0, patience_s),
        max_connections=512,
    )


def packet_key(packet: str, tagged: bool) -> str:
    """A hash: `body` (the paid packet), `left` and `taken` (its shares), `o:{person}` (what that person opened).

    While an open is missing, `half` stands in the place of `body`; views.py writes it, and nothing else is in it.
    """
    return f"{side(tagged)}packet:{packet}"


def preorder_key(packet: str, tagged: bool) -> str:
    """The order of an unpaid packet, as JSON (W05)."""
    return f"{side(tagged)}preorder:{packet}"


def send_key(sender: int, client_key: str, tagged: bool) -> str:
    """The packet id that a sender's idempotency key got."""
    return f"{side(tagged)}send:{sender}:{client_key}"


def counter_key(epoch: int, tagged: bool) -> str:
    """The counter that numbers the packets of one epoch (W05)."""
    return f"{side(tagged)}number:{epoch}"


def screen_key(person: int, box: str, tagged: bool) -> str:
    """The newest lines of a person's list, as JSON (W20)."""
    return f"{side(tagged)}screen:{person}:{box}"


def blessing_key(packet: str, tagged: bool) -> str:
    """What the sender wishes (W13)."""
    return f"{side(tagged)}blessing:{packet}"


def profile_key(person: int, tagged: bool) -> str:
    """A person's nickname and avatar, as JSON (W18)."""
    return f"{side(tagged)}profile:{person}"


def code_key(code: str, tagged: bool) -> str:
    """The packet that a code stands for (W23)."""
    return f"{side(tagged)}code:{code}"


def code_of_key(packet: str, tagged: bool) -> str:
    """The code that a packet's sender was told (W23)."""
    return f"{side(tagged)}code_of:{packet}"


def order_key(order: str, tagged: bool) -> str:
    """The amount that was given under an order number (B10)."""
    return f"{side(tagged)}order:{order}"


def lock_key(act: int, tagged: bool) -> str:
    """Who gives an award to a person at this moment (B10)."""
    return f"{side(tagged)}lock:{act}"


def person_field(person: int) -> str:
    return f"o:{person}"
