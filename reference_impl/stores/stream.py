"""The streams that carry vouchers to the ledger (W06): credit, its compensation, and the dead letters.

One message is one batch of vouchers of one packet. Delivery is at least once: a message is acknowledged only after its
vouchers are credited, and crediting is idempotent by the ledger's key.
"""

import logging
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import msgspec
import redis

from reference_impl.domain.packet import Voucher
from reference_impl.stores.layout import SHADOW, side

log = logging.getLogger(__name__)

CREDIT: Final = "stream:credit"
COMPENSATION: Final = "stream:compensation"
DEAD: Final = "stream:dead"
GROUP: Final = "ledger"


class Debt(msgspec.Struct, frozen=True):
    """Vouchers of one packet, and the sender in whose ledger shard its escrow stands."""

    sender: int
    vouchers: list[Voucher]
    attempts: int = 0


class Message(NamedTuple):
    stream: str
    number: str
    debt: Debt


def stream_name(stream: str, tagged: bool) -> str:
    return f"{side(tagged)}{stream}"


def add_debt(cache: Any, stream: str, tagged: bool, debt: Debt) -> None:
    """Append a message; `cache` is a client or a pipeline."""
    cache.xadd(stream_name(stream, tagged), {"debt": msgspec.json.encode(debt)})


def create_groups(cache: redis.Redis, tagged: bool) -> None:
    """Make the consumer groups that are not there (a cache that lost everything has none)."""
    for stream in (CREDIT, COMPENSATION):
        try:
            cache.xgroup_create(stream_name(stream, tagged), GROUP, id="0", mkstream=True)
        except redis.ResponseError as error:
            if "BUSYGROUP" not in str(error):
                raise


def claim(cache: redis.Redis, stream: str, tagged: bool, consumer: str, idle_ms: int) -> Iterator[Message]:
    """Messages that another consumer took and did not finish within `idle_ms`."""
    name = stream_name(stream, tagged)
    answer: Any = cache.xautoclaim(name, GROUP, consumer, min_idle_time=idle_ms, count=16)
    yield from _messages(cache, name, answer[1])


def receive(cache: redis.Redis, stream: str, tagged: bool, consumer: str) -> Iterator[Message]:
    """New messages, without waiting."""
    name = stream_name(stream, tagged)
    answer: Any = cache.xreadgroup(GROUP, consumer, {name: ">"}, count=16)
    for _, entries in dict(answer).items() if isinstance(answer, dict) else answer or ():
        yield from _messages(cache, name, entries)


def rest(cache: redis.Redis, stream: str, tagged: bool, consumer: str) -> None:
    """Take new messages without working on them: they can be claimed once they have rested."""
    for _ in receive(cache, stream, tagged, consumer):
        pass


def acknowledge(cache: redis.Redis, message: Message) -> None:
    """The message's vouchers are credited: it is done and leaves the stream, both at once or neither."""
    with cache.pipeline(transaction=True) as pipe:
        _finish(pipe, message.stream, message.number)
        pipe.execute()


def backlog(cache: redis.Redis, tagged: bool) -> int:
    """Messages that are not done."""
    return sum(int(cache.xlen(stream_name(stream, tagged))) for stream in (CREDIT, COMPENSATION))


def _messages(cache: redis.Redis, name: str, entries: Any) -> Iterator[Message]:
    for number, fields in entries or ():
        if not fields:
            continue
        try:
            debt = msgspec.json.decode(fields.get("debt", ""), type=Debt)
        except msgspec.MsgspecError as error:
            log.error("message %s of %s is unreadable and laid aside: %s", number, name, error)
            _lay_aside(cache, name, number, fields)
        else:
            yield Message(name, number, debt)


def _lay_aside(cache: redis.Redis, name: str, number: str, fields: Any) -> None:
    """What nobody can read goes to the dead letters; its vouchers reconciliation finds."""
    with cache.pipeline(transaction=True) as pipe:
        pipe.xadd(stream_name(DEAD, name.startswith(SHADOW)), fields)
        _finish(pipe, name, number)
        pipe.execute()


def _finish(pipe: Any, name: str, number: str) -> None:
    pipe.xack(name, GROUP, number)
    pipe.xdel(name, number)
