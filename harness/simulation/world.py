"""What a world is: people with scripts, processes that serve them, and stores that say afterwards what happened.

A plan is data, so that a shrinker can take people and steps away.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Any, Protocol

from msgspec import Struct

from harness.simulation.runtime import ProcessRuntime
from harness.target.answer import Answer

Row = tuple[Any, ...]
Rows = Mapping[str, Sequence[Row]]
"""Canonical tables by name; a row's values stand in the order of the schema's columns."""


class Step(Struct, frozen=True, omit_defaults=True):
    """One thing a person asks for.

    A slot is a name for a subject (a packet) that is not known before somebody made it: `makes` gets the subject of
    this step's answer, `about` is the one this step speaks of. Others' steps about a slot wait until the person who
    makes it has come past the step that `shows` it, or gave up.
    """

    operation: str
    values: dict[str, Any] = {}
    amount_fen: int | None = None
    about: str = ""
    makes: str = ""
    shows: str = ""
    subject: str = ""
    """What it speaks of, where that is known beforehand: an order number."""
    mark: str = ""
    """Of what must have no effect: forged, altered, foreign, expired, replayed."""
    key: str = ""
    """The idempotency key; by default the person's and the step's own."""
    attempts: int = 1
    """So often it is tried, under the same key, while nobody knows what became of it."""
    pause_s: float = 0.0
    """How long the person waits before it."""


class Person(Struct, frozen=True):
    """Somebody with a script. `asks`: the process that serves them."""

    person: int
    steps: tuple[Step, ...]
    asks: str = "api-1"
    tagged: bool = False
    stage: str = ""
    """Of a campaign, if it has any."""

    @property
    def name(self) -> str:
        return f"person-{self.person}"


class Plan(Struct, frozen=True):
    """Who does what. `background`: processes that work by themselves."""

    people: tuple[Person, ...]
    background: tuple[str, ...] = ()


class Options(Struct, frozen=True):
    """What a deployment is made on. `backend`: embedded (SQLite, a cache in the process) or servers."""

    backend: str
    folder: str
    sql: str = ""
    cache: str = ""
    mutant: str = ""


class Deployment(Protocol):
    """The system under test: made once, and made empty for every schedule."""

    def reset(self) -> None:
        """As if nothing had ever happened."""

    def boot(self, process: str, runtime: ProcessRuntime) -> Any:
        """Start a process: what it holds in memory, which a crash loses."""

    def loops(self, process: str, service: Any) -> Mapping[str, Callable[[], None]]:
        """What a process does by itself, without end."""

    def serve(self, service: Any, request: "Request") -> Answer:
        """Answer a request: ok, a definite refusal (fail), or info where it may have happened."""

    def drain(self, runtime: ProcessRuntime) -> int:
        """Time has passed: finish what is under way; how much money is still under way."""

    def evidence(self) -> Rows:
        """What the stores say."""

    def close(self) -> None: ...


class Request(Struct, frozen=True):
    """A step on its way, its slot filled in."""

    operation: str
    person: int
    values: Mapping[str, Any]
    subject: str | None
    key: str
    tagged: bool


class World(Struct, frozen=True):
    """A small night that is played in every order. `claims`: the invariants that judge it."""

    name: str
    summary: str
    claims: tuple[str, ...]
    plan: Callable[[Random], Plan]
    deploy: Callable[[Options], Deployment]

    @property
    def path(self) -> Path:
        """The file that describes it."""
        return Path(self.plan.__code__.co_filename)


def request_of(step: Step, number: int, who: Person, subject: str | None) -> Request:
    """What a person sends for their `number`-th step."""
    key = step.key or f"{who.person}-{number}"
    return Request(step.operation, who.person, step.values, subject, key, who.tagged)
