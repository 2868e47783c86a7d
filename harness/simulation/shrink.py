"""Shrinking: of a failing schedule only what it needs. People and work in the background are left out, each actor's
turns are put together, choices go back to the default in blocks, then steps and second tries are left out, until
nothing more can be.

Every attempt is played and judged by the one invariant that failed; what still fails is kept. A random schedule may be
one long chain of choices, none of which can be missed: to take one away shifts all that come after. What matters is who
goes before whom, and most turns may change places with their neighbours (Jalbert and Sen, FSE 2010). Where that does
not help, the same bug may show after a few delays: such are looked for, with the same faults and with others.
"""

import itertools
import time
from collections.abc import Sequence
from random import Random
from typing import Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from harness.simulation.explore import Beyond, everything
from harness.simulation.judging import accused
from harness.simulation.schedule import Played, play
from harness.simulation.scheduler import MOST_POINTS, Strategy
from harness.simulation.strategies import Delays, DelaysAnd, InTurn, Noting, Replay, Turn
from harness.simulation.tape import Choice, Point, Tape, to_lines, weight
from harness.simulation.world import Deployment, Person, Plan

SECONDS: Final = 4.5
"""After so long the smallest schedule found until then is taken, where it has few choices."""
SECONDS_MOST: Final = 15.0
"""After so long it is taken in any case."""
FEW: Final = 10
"""Choices: more make a story too long to read."""
TRIES: Final = 60
"""So many schedules of delays, which have few choices, are tried where large blocks leave many."""
BLOCK: Final = 4
"""The smallest of the large blocks."""
CHAIN: Final = 32
"""More choices than these are rather a chain than what single ones would get rid of."""

Singles = Sequence[tuple[Point, Choice]]
"""A tape as single choices: an order and a fault at one point apart."""


class Shrunk(Struct, frozen=True):
    """The smallest schedule that still fails. `attempts`: how many were played."""

    plan: Plan
    tape: dict[Point, Choice]
    played: Played
    attempts: int
    seconds: float

    @property
    def choices(self) -> int:
        return weight(self.tape)


class _Search:
    """The smallest schedule that is known to fail, and those that were tried."""

    def __init__(
        self, deployment: Deployment, faults: frozenset[str], invariant: str, seed: str, beyond: Beyond
    ) -> None:
        self._deployment, self._faults, self._invariant, self._seed = deployment, faults, invariant, seed
        self._beyond = beyond
        self._tried: set[bytes] = set()
        self._randoms = (Random(f"{seed}|shrink|{number}") for number in itertools.count())
        self._began = time.monotonic()
        self.attempts = 0
        self.plan: Plan
        self.played: Played
        self.turns: Sequence[Turn] = ()

    @property
    def choices(self) -> int:
        return weight(self.played.tape)

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._began

    def attempt(self, plan: Plan, tape: Tape) -> bool:
        """Whether a schedule fails, which makes it the smallest; False for what was tried before, or too late."""
        key = msgspec.msgpack.encode((plan, to_lines(tape)))
        if key in self._tried:
            return False
        self._tried.add(key)
        return self._fails(plan, Replay(tape))

    def attempt_plan(self, plan: Plan) -> bool:
        """Whether another plan fails with the same choices, or in the same turns."""
        return self.attempt(plan, self.played.tape) or self.attempt_turns(plan, self.turns)

    def attempt_delays(self) -> bool:
        """Whether the plan fails in another schedule, which has a few delays, and these faults or a few others."""
        random, length = next(self._randoms), self.played.points.total()
        anew = random.random() < 0.25
        return self._fails(self.plan, Delays(random, length) if anew else DelaysAnd(self.played.tape, random, length))

    def attempt_turns(self, plan: Plan, turns: Sequence[Turn]) -> bool:
        """Whether a plan fails in these turns, with the same faults and fewer choices."""
        key = msgspec.msgpack.encode((plan, to_lines(self.played.tape), turns))
        if key in self._tried:
            return False
        self._tried.add(key)
        return self._fails(plan, InTurn(turns, self.played.tape), below=self.choices)

    def _fails(self, plan: Plan, strategy: Strategy, below: int = MOST_POINTS) -> bool:
        if self.attempts and self.seconds > (SECONDS if self.choices <= FEW else SECONDS_MOST):
            return False
        self.attempts += 1
        noting = Noting(strategy)
        played = play(self._deployment, plan, noting, self._faults, self._seed)
        raised = accused(played, [self._invariant]) if weight(played.tape) < below else []
        if not raised or not self._beyond(plan, played, raised):
            return False
        self.plan, self.played, self.turns = plan, played, noting.turns
        return True


def shrink(
    deployment: Deployment,
    plan: Plan,
    played: Played,
    faults: frozenset[str],
    invariant: str,
    seed: str,
    beyond: Beyond = everything,
) -> Shrunk:
    """The smallest schedule found that `invariant` still accuses, so that it counts. Raises ValueError where even the
    first does not.
    """
    search = _Search(deployment, faults, invariant, seed, beyond)
    if not search.attempt(plan, played.tape):
        raise ValueError("the schedule does not fail when it is played again: something in it is not simulated")
    _fewer_choices(search)
    _smallest(search)
    if search.choices > FEW and _fails_by_delays(search):
        _smallest(search)
    return Shrunk(search.plan, dict(search.played.tape), search.played, search.attempts, search.seconds)


def _fewer_choices(search: _Search) -> None:
    """None, the faults alone, the orders alone; then large blocks of turns, where there are many, and of choices."""
    singles = _singles(search.played.tape)
    for kept in ([], [one for one in singles if one[1].fault], [one for one in singles if one[1].run]):
        if search.attempt(search.plan, _joined(kept)):
            break
    if search.choices > CHAIN:
        _fewer_people(search)
        _fewer_turns(search, len(search.turns) // 8 + 3)
    _fewer_blocks(search, max(BLOCK, search.choices // 16))
    if search.choices > CHAIN:
        _fewer_turns(search, len(search.turns) // 16 + 3)
    if search.choices > CHAIN:
        _fails_by_delays(search)


def _smallest(search: _Search) -> None:
    """Leave out people, turns, single choices and steps, until nothing more can be."""
    before = None
    while before is not search.played:
        before = search.played
        _fewer_people(search)
        if search.choices > FEW:
            _fewer_turns(search, 3)
        _fewer_blocks(search, 1)
        _fewer_turns(search, 3)
        _fewer_steps(search)


def _fails_by_delays(search: _Search) -> bool:
    """Whether a schedule of a few delays was found that fails as well."""
    return any(search.attempt_delays() for _ in range(TRIES))


def _fewer_blocks(search: _Search, smallest: int) -> None:
    singles = _singles(search.played.tape)
    size = (len(singles) + 1) // 2
    while size >= smallest and singles:
        start = 0
        while start < len(singles):
            if search.attempt(search.plan, _joined([*singles[:start], *singles[start + size :]])):
                singles = _singles(search.played.tape)
            else:
                start += size
        size = min(size, len(singles) + 1) // 2


def _fewer_turns(search: _Search, smallest: int) -> None:
    """In large blocks of turns, then in smaller ones, each actor's turns become one: the first of them, or the last."""
    size = len(search.turns)
    while size >= smallest:
        start = 0
        while start + smallest <= len(search.turns):
            before, block, after = _cut(search.turns, start, start + size)
            fewer = [one for one in (_early(block), _late(block)) if len(one) < len(block)]
            together = ([*before, *one, *after] for one in fewer)
            if not any(search.attempt_turns(search.plan, turns) for turns in together):
                start += (size + 1) // 2
        size //= 2


def _cut(turns: Sequence[Turn], start: int, end: int) -> tuple[Sequence[Turn], Sequence[Turn], Sequence[Turn]]:
    return turns[:start], turns[start:end], turns[end:]


def _early(turns: Sequence[Turn]) -> Sequence[Turn]:
    """Each actor's turns in one, at the place of the first."""
    until = {turn.actor: turn.until for turn in turns}
    return [Turn(actor, until[actor]) for actor in dict.fromkeys(turn.actor for turn in turns)]


def _late(turns: Sequence[Turn]) -> Sequence[Turn]:
    """Each actor's turns in one, at the place of the last."""
    return [turn for place, turn in enumerate(turns) if all(later.actor != turn.actor for later in turns[place + 1 :])]


def _fewer_people(search: _Search) -> None:
    for person in search.plan.people:
        rest = tuple(other for other in search.plan.people if other is not person)
        search.attempt_plan(replace(search.plan, people=rest))
    for process in search.plan.background:
        others = tuple(other for other in search.plan.background if other != process)
        search.attempt_plan(replace(search.plan, background=others))


def _fewer_steps(search: _Search) -> None:
    """The last people's and the last steps first, so that the places of the others stay what they are. A script has a
    place and not a name: somebody may be at two phones.
    """
    for place in reversed(range(len(search.plan.people))):
        person = search.plan.people[place]
        for number in reversed(range(len(person.steps))):
            fewer = replace(person, steps=(*person.steps[:number], *person.steps[number + 1 :]))
            if search.attempt_plan(_with(search.plan, place, fewer)):
                person = fewer
        if person.steps:
            once = replace(person, steps=tuple(replace(step, attempts=1) for step in person.steps))
            search.attempt_plan(_with(search.plan, place, once))


def _with(plan: Plan, place: int, person: Person) -> Plan:
    """A plan with another script at this place; who has no step left is left out."""
    here = (person,) if person.steps else ()
    return replace(plan, people=(*plan.people[:place], *here, *plan.people[place + 1 :]))


def _singles(tape: Tape) -> Singles:
    return [
        (point, single)
        for point, choice in tape.items()
        for single in (Choice(run=choice.run), Choice(fault=choice.fault))
        if single != Choice()
    ]


def _joined(singles: Singles) -> dict[Point, Choice]:
    joined: dict[Point, Choice] = {}
    for point, choice in singles:
        before = joined.get(point, Choice())
        joined[point] = Choice(choice.run or before.run, choice.fault or before.fault)
    return joined
