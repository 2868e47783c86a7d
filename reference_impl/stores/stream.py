"""Streams: what is committed in one store and told to another, one message at a time.

A topic is one kind of message. Delivery is at least once: a message is acknowledged only after it is worked off, and
whoever works it off does so idempotently. `credit` carries vouchers to the ledger (W06), a batch of one packet in each;
`lists` what belongs into people's lists (W02); `repair` what the cache missed (W09). What fails goes to the topic's
compensation and is tried again once it has rested; what never works is laid aside among the dead letters.
"""

import logging
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

import msgspec
import redis

from reference_impl.domain.packet import Voucher
from reference_impl.stores.layout import SHADOW, side

log = logging.getLogger(__name__)

GROUP: Final = "workers"
BODY: Final = "body"


class Body(msgspec.Struct, frozen=True, kw_only=True):
    """What a message carries; `attempts` counts those that failed."""

    attempts: int = 0


class Debt(Body, frozen=True):
    """Vouchers of one packet, and the sender in whose ledger shard its escrow stands."""

    sender: int
    vouchers: list[Voucher]


class Topic(NamedTuple):
    name: str
    shape: type[Body]


class Message(NamedTuple):
    stream: str
    number: str
    body: Any
    """Of the topic's shape."""


CREDIT: Final = Topic("stream:credit", Debt)
COMPENSATION: Final = Topic("stream:compensation", Debt)
DEAD: Final = Topic("stream:dead", Body)
TOPICS: Final = (CREDIT, COMPENSATION)
"""Those that are worked off; what is in them is under way."""


def stream_name(topic: Topic, tagged: bool) -> str:
    return f"{side(tagged)}{topic.name}"


def add(client: Any, topic: Topic, tagged: bool, body: Body) -> None:
    """Append a message; `client` is a client or a pipeline."""
    client.xadd(stream_name(topic, tagged), {BODY: msgspec.json.encode(body)})


def create_groups(client: redis.Redis, tagged: bool, topics: Sequence[Topic] = TOPICS) -> None:
    """Make the consumer groups that are not there (a stream that lost everything has none)."""
    for topic in topics:
        try:
            client.xgroup_create(stream_name(topic, tagged), GROUP, id="0", mkstream=True)
        except redis.ResponseError as error:
            if "BUSYGROUP" not in str(error):
                raise


def claim(client: redis.Redis, topic: Topic, tagged: bool, consumer: str, idle_ms: int) -> Iterator[Message]:
    """Messages that another consumer took and did not finish within `idle_ms`."""
    name = stream_name(topic, tagged)
    answer: Any = client.xautoclaim(name, GROUP, consumer, min_idle_time=idle_ms, count=16)
    yield from _messages(client, topic, name, answer[1])


def receive(client: redis.Redis, topic: Topic, tagged: bool, consumer: str) -> Iterator[Message]:
    """New messages, without waiting."""
    name = stream_name(topic, tagged)
    answer: Any = client.xreadgroup(GROUP, consumer, {name: ">"}, count=16)
    for _, entries in dict(answer).items() if isinstance(answer, dict) else answer or ():
        yield from _messages(client, topic, name, entries)


def rest(client: redis.Redis, topic: Topic, tagged: bool, consumer: str) -> None:
    """Take new messages without working on them: they can be claimed once they have rested."""
    for _ in receive(client, topic, tagged, consumer):
        pass


def acknowledge(client: redis.Redis, message: Message) -> None:
    """The message is worked off: it is done and leaves the stream, both at once or neither."""
    with client.pipeline(transaction=True) as pipe:
        _finish(pipe, message.stream, message.number)
        pipe.execute()


def backlog(client: redis.Redis, tagged: bool, topics: Sequence[Topic] = TOPICS) -> int:
    """Messages that are not done."""
    return sum(int(client.xlen(stream_name(topic, tagged))) for topic in topics)


def _messages(client: redis.Redis, topic: Topic, name: str, entries: Any) -> Iterator[Message]:
    for number, fields in entries or ():
        if not fields:
            continue
        try:
            body = msgspec.json.decode(fields.get(BODY, ""), type=topic.shape)
        except msgspec.MsgspecError as error:
            log.error("message %s of %s is unreadable and laid aside: %s", number, name, error)
            _lay_aside(client, name, number, fields)
        else:
            yield Message(name, number, body)


def _lay_aside(client: redis.Redis, name: str, number: str, fields: Any) -> None:
    """What nobody can read goes to the dead letters; what it was about reconciliation finds."""
    with client.pipeline(transaction=True) as pipe:
        pipe.xadd(stream_name(DEAD, name.startswith(SHADOW)), fields)
        _finish(pipe, name, number)
        pipe.execute()


def _finish(pipe: Any, name: str, number: str) -> None:
    pipe.xack(name, GROUP, number)
    pipe.xdel(name, number)
