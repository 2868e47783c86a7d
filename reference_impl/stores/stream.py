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

from reference_impl.domain.lists import Line
from reference_impl.domain.packet import Voucher
from reference_impl.stores.layout import side

log = logging.getLogger(__name__)

GROUP: Final = "workers"
MOST_AT_ONCE: Final = 16
MOST_DELIVERIES: Final = 20
"""A message that was taken so often and never finished, nor failed, ends whoever takes it."""
BODY: Final = "body"


class Body(msgspec.Struct, frozen=True, kw_only=True):
    """What a message carries. `attempts` counts those that failed, `failed_us` is when the first of them did."""

    attempts: int = 0
    failed_us: int = 0


class Debt(Body, frozen=True):
    """Vouchers of one packet, and the sender in whose ledger shard its escrow stands."""

    sender: int
    vouchers: list[Voucher]


class Miss(Body, frozen=True):
    """A packet of which the cache missed a write, and how many shares were left then."""

    packet: str
    left: int


class Lines(Body, frozen=True):
    """Lines for people's lists."""

    lines: list[Line]


class Topic(NamedTuple):
    name: str
    shape: type[Body]


class Message(NamedTuple):
    stream: str
    number: str
    body: Any
    """Of the topic's shape; None where nobody can read it."""
    fields: Any = None
    """What the stream holds of it."""


CREDIT: Final = Topic("stream:credit", Debt)
COMPENSATION: Final = Topic("stream:compensation", Debt)
REPAIR: Final = Topic("stream:repair", Miss)
REPAIR_AGAIN: Final = Topic("stream:repair_again", Miss)
DEAD: Final = Topic("stream:dead", Body)
LISTS: Final = Topic("stream:lists", Lines)
LISTS_COMPENSATION: Final = Topic("stream:lists_compensation", Lines)
TOPICS: Final = (CREDIT, COMPENSATION, LISTS, LISTS_COMPENSATION, REPAIR, REPAIR_AGAIN)
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
    answer: Any = client.xautoclaim(name, GROUP, consumer, min_idle_time=idle_ms, count=MOST_AT_ONCE)
    yield from _messages(topic, name, answer[1])


def often_taken(client: redis.Redis, message: Message, consumer: str) -> bool:
    """Whether a message that `consumer` has in hand was taken so often that it must be what ends those who take it."""
    taken: Any = client.xpending_range(
        message.stream, GROUP, min=message.number, max=message.number, count=1, consumername=consumer
    )
    return any(each["times_delivered"] > MOST_DELIVERIES for each in taken)


def receive(client: redis.Redis, topic: Topic, tagged: bool, consumer: str) -> Iterator[Message]:
    """New messages, without waiting."""
    name = stream_name(topic, tagged)
    answer: Any = client.xreadgroup(GROUP, consumer, {name: ">"}, count=MOST_AT_ONCE)
    for _, entries in dict(answer).items() if isinstance(answer, dict) else answer or ():
        yield from _messages(topic, name, entries)


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


def oldest_age_us(client: redis.Redis, topic: Topic, tagged: bool, now_us: int) -> int:
    """How long the oldest message that is not done has been there; 0 where none is. Its number holds the time."""
    entries: Any = client.xrange(stream_name(topic, tagged), count=1)
    return max(0, now_us - int(str(entries[0][0]).partition("-")[0]) * 1000) if entries else 0


def lay_aside(client: redis.Redis, message: Message, tagged: bool, body: Body | None = None) -> None:
    """Among the dead letters, at once with leaving its stream: as it is, or with `body`. What it was about
    reconciliation finds."""
    fields = message.fields if body is None else {BODY: msgspec.json.encode(body)}
    with client.pipeline(transaction=True) as pipe:
        pipe.xadd(stream_name(DEAD, tagged), fields)
        _finish(pipe, message.stream, message.number)
        pipe.execute()


def _messages(topic: Topic, name: str, entries: Any) -> Iterator[Message]:
    for number, fields in entries or ():
        if fields:
            yield Message(name, number, _body(topic, number, fields), fields)


def _body(topic: Topic, number: str, fields: Any) -> Body | None:
    try:
        return msgspec.json.decode(fields.get(BODY, ""), type=topic.shape)
    except msgspec.MsgspecError as error:
        log.error("message %s of %s is unreadable: %s", number, topic.name, error)
        return None


def _finish(pipe: Any, name: str, number: str) -> None:
    pipe.xack(name, GROUP, number)
    pipe.xdel(name, number)
