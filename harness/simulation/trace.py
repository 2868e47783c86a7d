"""What happened in a schedule, point by point: a hash always, the events themselves for whoever wants to read them."""

import hashlib
from typing import Any

from msgspec import Struct


class Event(Struct, frozen=True):
    """One point, or a line of somebody's story (`kind` says: sql, commit, cache, http, lock, pause, … or `told`)."""

    at_ns: int
    actor: str
    kind: str
    text: str
    detail: Any = None
    fault: str = ""
    switched_to: str = ""


class Trace:
    """Everything that decides a schedule goes into the hash, so that equal hashes mean equal runs.

    What a real server numbers by itself (the ids of stream messages) must not: callers leave it out of `text` and
    `detail`.
    """

    def __init__(self, keep: bool = False) -> None:
        self._hash = hashlib.blake2b(digest_size=16)
        self._keep = keep
        self.events: list[Event] = []

    def add(
        self, at_ns: int, actor: str, kind: str, text: str, detail: Any = None, fault: str = "", switched_to: str = ""
    ) -> None:
        self._hash.update(f"{at_ns}|{actor}|{kind}|{text}|{detail!r}|{fault}|{switched_to}\n".encode())
        if self._keep:
            self.events.append(Event(at_ns, actor, kind, text, detail, fault, switched_to))

    def digest(self) -> str:
        return self._hash.hexdigest()
