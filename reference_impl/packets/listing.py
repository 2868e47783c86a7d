"""Writing people's lists: lines from the stream into their one home, south (W02). No money hangs on them."""

import logging
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from reference_impl.domain.identifiers import is_tagged
from reference_impl.domain.lists import Line
from reference_impl.packets import consuming, list_rows
from reference_impl.packets.consuming import Job
from reference_impl.stores import stream
from reference_impl.stores.cache import CacheError, screen_key
from reference_impl.system import System

log = logging.getLogger(__name__)


def tell(system: System, client: Any, lines: Sequence[Line], tagged: bool) -> None:
    """Put lines into the stream, unless that is switched off (W20); `client` is a client or a pipeline."""
    if lines and not system.controls.on("lists_stream_off"):
        stream.add(client, stream.LISTS, tagged, stream.Lines(list(lines)))
        system.counts.add("listed")


def handle(system: System, message: stream.Message, tagged: bool) -> None:
    """Write one message's lines, then acknowledge it; a second delivery writes the same again."""
    try:
        write(system, message.body.lines, tagged)
    except (sa.exc.SQLAlchemyError, TagMismatch) as error:
        consuming.compensate(system, JOB, message, tagged, error)
    stream.acknowledge(system.stream, message)


def write(system: System, lines: Sequence[Line], tagged: bool) -> None:
    """Write lines in the order of their keys, so that writers of the same ones wait for each other, and forget the
    screens that showed the lists without them. Raises TagMismatch (Money rule 11)."""
    if any(is_tagged(line.packet) != tagged for line in lines):
        raise TagMismatch(lines[0].packet)
    ordered = sorted(lines)
    system.lists.write(lambda connection: list_rows.put(connection, system.lists, ordered, tagged))
    _forget_screens(system, ordered, tagged)


def _forget_screens(system: System, lines: Sequence[Line], tagged: bool) -> None:
    keys = dict.fromkeys(screen_key(line.person, line.box, tagged) for line in lines)
    try:
        system.cache.delete(*keys)
    except CacheError:
        log.warning("%d screens are shown as they were until they expire", len(keys))


class TagMismatch(Exception):
    """A tagged packet's line in the live stream, or a live one's in the shadow stream."""


JOB = Job(stream.LISTS, stream.LISTS_COMPENSATION, lambda *arguments: handle(*arguments))
