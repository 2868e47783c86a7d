"""Consumers of a topic: what waits is worked off, what fails is compensated, what never works is laid aside (W06)."""

import logging
from collections.abc import Callable
from typing import NamedTuple

import msgspec
import redis

from reference_impl.stores import stream
from reference_impl.stores.cache import CacheError
from reference_impl.system import System

log = logging.getLogger(__name__)

MOST_ATTEMPTS = 5
TAKE_OVER_EVERY_US = 1_000_000


class Job(NamedTuple):
    """What is done with the messages of a topic. `handle` works one off and acknowledges it; it calls `compensate` for
    what fails."""

    topic: stream.Topic
    compensation: stream.Topic
    handle: Callable[[System, stream.Message, bool], None]


def run_once(system: System, job: Job, consumer: str) -> int:
    """Work off what waits, live and tagged; how many messages were seen. Raises CacheError."""
    seen = 0
    for tagged in system.sides():
        for message in stream.receive(system.stream, job.topic, tagged, consumer):
            job.handle(system, message, tagged)
            seen += 1
    return seen


def take_over(system: System, job: Job, consumer: str) -> int:
    """Work off what has rested: left by a dead consumer, or sent to compensation; how many. Raises CacheError."""
    seen = 0
    for tagged in system.sides():
        for topic in (job.topic, job.compensation):
            for message in stream.claim(system.stream, topic, tagged, consumer, system.settings.rest_ms):
                job.handle(system, message, tagged)
                seen += 1
        stream.rest(system.stream, job.compensation, tagged, consumer)
    return seen


def compensate(system: System, job: Job, message: stream.Message, tagged: bool, error: Exception) -> None:
    """Put what failed where it rests and is tried again, or, after so many attempts, among the dead letters."""
    compensate_in(system.stream, job.compensation, message, tagged, error)


def compensate_in(
    client: redis.Redis, compensation: stream.Topic, message: stream.Message, tagged: bool, error: Exception
) -> None:
    """The same in any Redis."""
    attempts = message.body.attempts + 1
    target = stream.DEAD if attempts >= MOST_ATTEMPTS else compensation
    told = message.number, message.stream, attempts, target.name, error
    log.warning("%s of %s failed (attempt %d, now in %s): %s", *told)
    stream.add(client, target, tagged, msgspec.structs.replace(message.body, attempts=attempts))


def listen(system: System, job: Job, consumer: str) -> None:
    """The consumer's endless loop; a stream that is gone is waited for."""
    while True:
        try:
            for tagged in system.sides():
                stream.create_groups(system.stream, tagged)
            _work(system, job, consumer)
        except CacheError as error:
            log.warning("the stream does not answer: %s", error)
            system.runtime.sleep(0.5)


def _work(system: System, job: Job, consumer: str) -> None:
    taken_over_us = 0
    while True:
        seen = run_once(system, job, consumer)
        now_us = system.runtime.now_us()
        if now_us - taken_over_us > TAKE_OVER_EVERY_US:
            taken_over_us = now_us
            seen += take_over(system, job, consumer)
        if not seen:
            system.runtime.sleep(0.02)
