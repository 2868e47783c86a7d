"""What the master leases to a worker: a part of the schedule, a range of people, and a name.

A plan numbers its people within one range; a lease says which range they are of. In an undisturbed run all parts are of
the first range, and disjoint because the plan is split. A part that was begun and lost is leased again in a range that
nobody had before: its people are other people, who begin the part from its beginning. So no uid comes twice. Keys and
journals bear the lease's name, which has a number of its own and the master's birth in it: none comes twice either.
"""

from collections.abc import Collection
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from msgspec import Struct

from harness.config import ConfigError
from harness.swarm.settings import Settings

RANGE: Final = 1 << 32
"""How many uids are in a range: a plan's lie between 0 and this."""
_EQUAL: Final = ("scenario", "seed", "people", "packets", "rounds", "duration_s", "tagged", "options")


class Lease(Struct, frozen=True):
    """Part `part` of `parts`, played by people of range `people`. `name`: of journal and keys, never given twice."""

    name: str
    part: int
    parts: int
    people: int
    run: str

    def uid(self, planned: int) -> int:
        """The person who plays the plan's number `planned`."""
        if not 0 <= planned < RANGE:
            raise ValueError(f"a plan's people are numbered from 0 to {RANGE - 1}, not {planned}")
        return self.people * RANGE + planned


class Leases:
    """The master's book of leases: one part to one living worker at a time."""

    def __init__(self, parts: int, run: str, birth: str) -> None:
        self.parts, self.run = parts, run
        self._birth = birth
        self._range, self._next_range, self._number = 0, 1, 0
        self._holders: dict[int, str] = {}

    @property
    def holders(self) -> set[str]:
        """Who holds a part, dead or alive."""
        return set(self._holders.values())

    def begin(self) -> None:
        """A new test: all parts are free again, in a range of its own."""
        if self._holders:
            self._range = self._new_range()
            self._holders = {}

    def free(self, live: Collection[str]) -> list[int]:
        """Parts that nobody alive holds."""
        return [part for part in range(self.parts) if self._holders.get(part) not in live]

    def grant(self, node: str, live: Collection[str]) -> Lease | None:
        """A part for `node`, if one is free."""
        free = self.free(live)
        if not free:
            return None
        part = free[0]
        people = self._new_range() if part in self._holders else self._range
        self._holders[part] = node
        name = f"w{part}.{self._number}.{self._birth}"
        self._number += 1
        return Lease(name, part, self.parts, people, self.run)

    def again(self, lease: Lease) -> bool:
        """Had somebody else begun this part before?"""
        return lease.people != self._range

    def _new_range(self) -> int:
        self._next_range += 1
        return self._next_range - 1


def terms(settings: Settings) -> dict[str, Any]:
    """What must be equal in all processes of a run, or their parts are not parts of one schedule."""
    try:
        target = sha256(Path(settings.target).read_bytes()).hexdigest()
    except OSError as error:
        raise ConfigError(f"{settings.target}: cannot be read: {error.strerror}") from None
    return {name: getattr(settings, name) for name in _EQUAL} | {"target file": target}


def unequal(theirs: dict[str, Any], ours: dict[str, Any]) -> str | None:
    """Where a worker's terms differ from the master's, in words."""
    for name, value in ours.items():
        if theirs.get(name) != value:
            return f"{name} is {theirs.get(name)!r}, the master's is {value!r}: all processes of a run need the same"
    return None
