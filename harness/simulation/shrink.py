"""Shrinking: of a failing schedule only what it needs. Choices go back to the default in blocks, then people and steps.

Every attempt is played and judged by the one invariant that failed; what still fails is kept.
"""

import time
from collections.abc import Iterator, Sequence
from typing import Final, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from harness.simulation.judging import accused
from harness.simulation.schedule import Played, play
from harness.simulation.strategies import Replay
from harness.simulation.tape import Choice, Point, Tape, weight
from harness.simulation.world import Deployment, Person, Plan

T = TypeVar("T")
SECONDS_MOST: Final = 30.0
"""After so long the smallest schedule found until then is taken."""


class Shrunk(Struct, frozen=True):
    """The smallest schedule that still fails. `steps`: how many were tried."""

    plan: Plan
    tape: dict[Point, Choice]
    played: Played
    attempts: int
    seconds: float

    @property
    def choices(self) -> int:
        return weight(self.tape)


class _Search:
    """What is the smallest until now."""

    def __init__(self, deployment: Deployment, faults: frozenset[str], invariant: str, seed: str) -> None:
        self._deployment, self._faults, self._invariant, self._seed = deployment, faults, invariant, seed
        self._ends = time.monotonic() + SECONDS_MOST
        self.attempts = 0

    def still_fails(self, plan: Plan, tape: Tape) -> Played | None:
        if time.monotonic() > self._ends:
            return None
        self.attempts += 1
        played = play(self._deployment, plan, Replay(tape), self._faults, self._seed)
        return played if accused(played, [self._invariant]) else None


def shrink(
    deployment: Deployment, plan: Plan, played: Played, faults: frozenset[str], invariant: str, seed: str
) -> Shrunk:
    """The smallest schedule found that `invariant` still accuses. Raises ValueError where even the first does not."""
    began = time.monotonic()
    search = _Search(deployment, faults, invariant, seed)
    again = search.still_fails(plan, played.tape)
    if again is None:
        raise ValueError("the schedule does not fail when it is played again: something in it is not simulated")
    tape, best = _fewer_choices(search, plan, again.tape, again)
    while True:
        smaller = _fewer_people(search, plan, tape)
        if smaller is None:
            break
        plan, best = smaller
        tape, best = _fewer_choices(search, plan, best.tape, best)
    return Shrunk(plan, dict(best.tape), best, search.attempts, time.monotonic() - began)


def _fewer_choices(search: _Search, plan: Plan, tape: Tape, best: Played) -> tuple[Tape, Played]:
    """Blocks of choices back to the default, large ones first."""
    singles = _singles(tape)
    size = len(singles)
    while size and singles:
        start = 0
        while start < len(singles):
            kept = [*singles[:start], *singles[start + size :]]
            played = search.still_fails(plan, _joined(kept))
            if played is None:
                start += size
            else:
                singles, best = _singles(played.tape), played
        size = min(size, len(singles) + 1) // 2
    return _joined(singles), best


def _fewer_people(search: _Search, plan: Plan, tape: Tape) -> tuple[Plan, Played] | None:
    """The first smaller plan that still fails: without somebody, some work in the background, or a step."""
    for smaller in _smaller(plan):
        played = search.still_fails(smaller, tape)
        if played is not None:
            return smaller, played
    return None


def _smaller(plan: Plan) -> Iterator[Plan]:
    for person in plan.people:
        yield replace(plan, people=tuple(other for other in plan.people if other is not person))
    for process in plan.background:
        yield replace(plan, background=tuple(other for other in plan.background if other != process))
    for person in plan.people:
        for steps in _without_one(person.steps):
            yield _with(plan, person, replace(person, steps=steps))
    for person in plan.people:
        for place, step in enumerate(person.steps):
            if step.attempts > 1:
                steps = (*person.steps[:place], replace(step, attempts=1), *person.steps[place + 1 :])
                yield _with(plan, person, replace(person, steps=steps))


def _with(plan: Plan, person: Person, changed: Person) -> Plan:
    return replace(plan, people=tuple(changed if other is person else other for other in plan.people))


def _without_one(steps: Sequence[T]) -> Iterator[tuple[T, ...]]:
    """Each way to leave one out, the last first; never all."""
    if len(steps) > 1:
        for place in reversed(range(len(steps))):
            yield (*steps[:place], *steps[place + 1 :])


def _singles(tape: Tape) -> list[tuple[Point, Choice]]:
    """A tape as single choices: an order and a fault at one point apart."""
    return [
        (point, single)
        for point, choice in tape.items()
        for single in (Choice(run=choice.run), Choice(fault=choice.fault))
        if single != Choice()
    ]


def _joined(singles: Sequence[tuple[Point, Choice]]) -> dict[Point, Choice]:
    joined: dict[Point, Choice] = {}
    for point, choice in singles:
        before = joined.get(point, Choice())
        joined[point] = Choice(choice.run or before.run, choice.fault or before.fault)
    return joined
