"""Consumers of a topic: what waits is worked off, what fails is compensated, what never works is laid aside (W06)."""

import logging
from collections.abc import Callable
from typing import Final, NamedTuple, NoReturn

import msgspec
import redis
import sqlalchemy as sa

from reference_impl.stores import stream
from reference_impl.stores.cache import CacheError
from reference_impl.system import System

log = logging.getLogger(__name__)

MOST_ATTEMPTS: Final = 5
TAKE_OVER_EVERY_US: Final = 1_000_000
PAUSE_S: Final = 0.02
"""Where nothing waits, a moment."""
PASSING: Final = (sa.exc.OperationalError, sa.exc.InterfaceError, sa.exc.TimeoutError)
"""What may pass by itself: a database that is gone, busy or out of connections, however often it is asked."""


class Job(NamedTuple):
    """What is done with the messages of a topic. `handle` works one off and acknowledges it; it calls `compensate` for
    what fails, and what it raises all the same is compensated for it. CacheError goes on: the stream is gone."""

    topic: stream.Topic
    compensation: stream.Topic
    handle: Callable[[System, stream.Message, bool], None]


def run_once(system: System, job: Job, consumer: str) -> int:
    """Work off what waits, live and tagged; how many messages were seen. Raises CacheError."""
    seen = 0
    for tagged in system.sides():
        for message in stream.receive(system.stream, job.topic, tagged, consumer):
            _work_off(system, job, message, tagged)
            seen += 1
    return seen


def take_over(system: System, job: Job, consumer: str) -> int:
    """Work off what has rested: left by a dead consumer, or sent to compensation; how many. Raises CacheError."""
    seen = 0
    for tagged in system.sides():
        for topic in (job.topic, job.compensation):
            for message in stream.claim(system.stream, topic, tagged, consumer, system.settings.rest_ms):
                if stream.often_taken(system.stream, message, consumer):
                    lay_aside(system, job, message, tagged, "it ends whoever takes it")
                else:
                    _work_off(system, job, message, tagged)
                seen += 1
        stream.rest(system.stream, job.compensation, tagged, consumer)
    return seen


def compensate(
    system: System,
    job: Job,
    message: stream.Message,
    tagged: bool,
    error: Exception,
    client: redis.Redis | None = None,
) -> None:
    """Put what failed where it rests and is tried again, or, where it never works, among the dead letters. `client`: of
    the Redis that has the streams, if it is not the System's."""
    now_us = system.runtime.now_us()
    body = message.body
    body = msgspec.structs.replace(body, attempts=body.attempts + 1, failed_us=body.failed_us or now_us)
    if is_dead(body, isinstance(error, PASSING), now_us, int(system.settings.dead_after_s * 1_000_000)):
        lay_aside(system, job, message._replace(body=body), tagged, error, client)
        return
    log.warning("%s of %s failed (attempt %d): %s", message.number, message.stream, body.attempts, error)
    stream.add(client or system.stream, job.compensation, tagged, body)


def is_dead(body: stream.Body, passing: bool, now_us: int, patience_us: int) -> bool:
    """Whether what failed is not tried again: after so many attempts; while it may pass by itself, after so long."""
    if passing:
        return now_us - body.failed_us >= patience_us
    return body.attempts >= MOST_ATTEMPTS


def lay_aside(
    system: System,
    job: Job,
    message: stream.Message,
    tagged: bool,
    reason: Exception | str,
    client: redis.Redis | None = None,
) -> None:
    """Among the dead letters, and out of its stream: somebody must look, and reconciliation finds what it was about."""
    stream.lay_aside(client or system.stream, message, tagged, message.body)
    system.counts.add("dead_letters", job.topic.name)
    log.error("message %s of %s is a dead letter: %s", message.number, message.stream, reason)


def _work_off(system: System, job: Job, message: stream.Message, tagged: bool) -> None:
    if message.body is None:
        lay_aside(system, job, message, tagged, "nobody can read it")
        return
    try:
        job.handle(system, message, tagged)
    except CacheError:
        raise
    except Exception as error:  # noqa: BLE001 whatever a message does to its handler, the consumer goes on
        compensate(system, job, message, tagged, error)
        stream.acknowledge(system.stream, message)


def listen(system: System, job: Job, consumer: str) -> None:
    """The consumer's endless loop; a stream that is gone is waited for."""
    attend(
        system,
        system.stream,
        job,
        lambda: run_once(system, job, consumer),
        lambda: take_over(system, job, consumer),
        lambda seen: 0.0 if seen else PAUSE_S,
    )


def attend(
    system: System,
    client: redis.Redis,
    job: Job,
    work: Callable[[], int],
    resume: Callable[[], int],
    pause_s: Callable[[int], float],
) -> NoReturn:
    """Without end: `work`, every second `resume` for what has rested, and a pause by how many were seen."""
    while True:
        try:
            for tagged in system.sides():
                stream.create_groups(client, tagged, (job.topic, job.compensation))
            _attend(system, job, work, resume, pause_s)
        except CacheError as error:
            log.warning("the stream of %s does not answer: %s", job.topic.name, error)
            system.runtime.sleep(0.5)


def _attend(
    system: System, job: Job, work: Callable[[], int], resume: Callable[[], int], pause_s: Callable[[int], float]
) -> NoReturn:
    resumed_us = 0
    while True:
        seen = work()
        now_us = system.runtime.now_us()
        system.counts.put("last_pass_us", job.topic.name, value=now_us)
        if now_us - resumed_us > TAKE_OVER_EVERY_US:
            resumed_us = now_us
            seen += resume()
        if pause := pause_s(seen):
            system.runtime.sleep(pause)
