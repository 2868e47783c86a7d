"""What operators have set, in force in every process within a second (B17, W03).

Every change is a row of the operators' database: its number orders changes, and the rows are the audit. The streams'
Redis carries the newest values to the processes, a file beside them keeps these while Redis is gone; of what a process
is told, the highest number wins, so that a Redis that comes back older changes nothing; who knows better than Redis
tells it, so that two who set the same thing at once leave the later one everywhere.
"""

import logging
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec
import redis
import sqlalchemy as sa

from reference_impl.domain.errors import Refused
from reference_impl.resilience.switches import BROUGHT_BY, EXCLUDED_BY, default_of, fits
from reference_impl.runtime import Runtime
from reference_impl.stores.cache import CacheError
from reference_impl.stores.ops_tables import OPS
from reference_impl.stores.sql import Store, insert_into

log = logging.getLogger(__name__)
KEY: Final = "controls"


class Change(msgspec.Struct, frozen=True):
    """Who set what to what, and when; `number` rises from change to change."""

    number: int
    name: str
    value: int
    who: str
    at_us: int


class Controls:
    """The values as one process knows them. Reading them asks nobody."""

    def __init__(self, ops: Store, client: redis.Redis, runtime: Runtime, file: Path | None) -> None:
        self._ops, self._client, self._runtime, self._file = ops, client, runtime, file
        self._writing = runtime.lock()
        self._newest: dict[str, Change] = {}
        self.others: Sequence[Controls] = ()
        """Of other regions, whose processes hear of a change by a Redis of their own."""

    def on(self, switch: str) -> bool:
        """Whether a switch is in force: set, or brought along by one that is set, and nothing that excludes it is."""
        wanted = any(self.value(name) == 1 for name in (switch, *BROUGHT_BY[switch]))
        return wanted and not any(self.value(name) == 1 for name in EXCLUDED_BY[switch])

    def value(self, name: str) -> int:
        change = self._newest.get(name)
        return default_of(name) if change is None else change.value

    def set(self, name: str, value: int, who: str) -> Change:
        """Set it for everybody. Raises Refused("bad_control"), or database errors: nothing is set then."""
        if not fits(name, value):
            raise Refused("bad_control", f"{name} = {value}")
        change = self._recorded(name, value, who)
        for controls in (self, *self.others):
            controls.publish(change)
        return change

    def publish(self, change: Change) -> None:
        """Tell every process; who does not hear it from Redis finds it in the file or in the database."""
        self._learn(change)
        self._write_file()
        self._tell_redis([change])

    def refresh(self) -> None:
        """Learn what others have set, from Redis, or from the file while Redis is gone."""
        try:
            told: Sequence[bytes | str] = list(self._client.hvals(KEY))
        except CacheError:
            self._learn_all(self._read_file())
            return
        numbers = self._learn_all(told)
        self._tell_redis([known for name, known in self._newest.items() if known.number > numbers.get(name, 0)])

    def load(self) -> None:
        """At a process's start: from the database, which knows every change, and from wherever else."""
        try:
            for change in self.changes():
                self._learn(change)
        except sa.exc.SQLAlchemyError:
            log.warning("the operators' database does not answer; what Redis and the file say is in force")
        self.refresh()

    def watch(self, every_s: float) -> None:
        """Refresh without end."""
        while True:
            self.refresh()
            self._runtime.sleep(every_s)

    def changes(self, after: int = 0, most: int | None = None) -> list[Change]:
        """All changes ever, in order: the audit; or the first `most` of those numbered above `after`."""
        query = _ALL.where(OPS.changes.c.number > after).limit(most)
        rows = self._ops.read(lambda connection: connection.execute(query).all())
        return [Change(*row) for row in rows]

    def _recorded(self, name: str, value: int, who: str) -> Change:
        at_us = self._runtime.now_us()
        row = {"name": name, "value": value, "who": who, "at_us": at_us}
        made = self._ops.write(lambda connection: connection.execute(insert_into(OPS.changes), row).lastrowid)
        return Change(int(made), name, value, who, at_us)

    def _tell_redis(self, changes: Sequence[Change]) -> None:
        if not changes:
            return
        try:
            self._client.hset(KEY, mapping={change.name: msgspec.json.encode(change) for change in changes})
        except CacheError:
            log.warning("Redis was not told of %s", ", ".join(f"{each.name} ({each.number})" for each in changes))

    def _learn_all(self, told: Sequence[bytes | str]) -> dict[str, int]:
        """The number that each name was told with."""
        changes = list(_readable(told))
        if sum(self._learn(change) for change in changes):
            self._write_file()
        return {change.name: change.number for change in changes}

    def _learn(self, change: Change) -> bool:
        known = self._newest.get(change.name)
        if (known is not None and known.number >= change.number) or not fits(change.name, change.value):
            return False
        self._newest[change.name] = change
        return True

    def _read_file(self) -> list[bytes]:
        if self._file is None or not self._file.exists():
            return []
        return self._file.read_bytes().splitlines()

    def _write_file(self) -> None:
        """In one step: a reader sees the old or the new one, never half of it. A full disk is no reason to fail."""
        if self._file is None:
            return
        fresh = self._file.with_suffix(f".{os.getpid()}-{id(self)}")
        with self._writing:
            try:
                fresh.write_bytes(b"\n".join(msgspec.json.encode(self._newest[name]) for name in sorted(self._newest)))
                fresh.replace(self._file)
            except OSError as error:
                log.warning("%s is not up to date: %s", self._file, error)


def _readable(told: Sequence[bytes | str]) -> Iterator[Change]:
    for text in told:
        try:
            yield msgspec.json.decode(text, type=Change)
        except msgspec.MsgspecError as error:
            log.error("what operators set is unreadable in %.200r: %s", text, error)


_ALL: Final = sa.select(OPS.changes).order_by(OPS.changes.c.number)
