"""How a schedule is chosen. Each way finds other bugs.

Uniform finds the shallow ones in almost every run; PCT (Burckhardt et al., ASPLOS 2010) those that need a few changes
of who goes first; delay-bounded (Emmi et al., POPL 2011) those a few delays away from the default order; round-robin
those that need everybody at the same place at once.
"""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Final, NamedTuple

from harness.simulation.scheduler import Strategy
from harness.simulation.tape import DEFAULT, Choice, Point, Tape

NONE: Final = Choice()
BUDGETS: Final = (0, 0, 1, 1, 2, 3, 5)
"""How many faults a schedule has, at most."""


class _Faults:
    """Draws faults: some of a small budget, anywhere in a schedule of about `length` points."""

    def __init__(self, random: Random, length: int) -> None:
        self.random = random
        self._left = BUDGETS[_below(random, len(BUDGETS))]
        self._often = min(1.0, 1.5 * self._left / max(1, length))

    def fault(self, actor: str, number: int, kind: str, possible: Sequence[str]) -> int:
        if not self._left or self.random.random() >= self._often:
            return 0
        self._left -= 1
        return 1 + _below(self.random, len(possible) - 1)


class Uniform(_Faults):
    """Anybody, at every point."""

    def runs(self, actor: str, number: int, runnable: Sequence[str]) -> int:
        return _below(self.random, len(runnable))


class RoundRobin(_Faults):
    """Everybody in turn, some points each."""

    def __init__(self, random: Random, length: int) -> None:
        super().__init__(random, length)
        self._quantum = 1 + _below(random, 4)
        self._passed = 0

    def runs(self, actor: str, number: int, runnable: Sequence[str]) -> int:
        self._passed += 1
        return int(self._passed % self._quantum == 0)


class Priorities(_Faults):
    """PCT: whoever has the highest priority, and at a few points the one who runs gets the lowest."""

    def __init__(self, random: Random, length: int) -> None:
        super().__init__(random, length)
        self._changes = {_below(random, max(1, length)) for _ in range(1 + _below(random, 4))}
        self._priority: dict[str, float] = {}
        self._passed = 0

    def runs(self, actor: str, number: int, runnable: Sequence[str]) -> int:
        self._passed += 1
        for name in runnable:
            if name not in self._priority:
                self._priority[name] = self.random.random()
        if self._passed in self._changes:
            self._priority[actor] = -float(self._passed)
        return max(range(len(runnable)), key=lambda place: (self._priority[runnable[place]], -place))


class Delays(_Faults):
    """The default order but for a few delays, where the next in line goes first."""

    def __init__(self, random: Random, length: int) -> None:
        super().__init__(random, length)
        self._delays = {_below(random, max(1, length)) for _ in range(1 + _below(random, 5))}
        self._passed = 0

    def runs(self, actor: str, number: int, runnable: Sequence[str]) -> int:
        self._passed += 1
        return int(self._passed in self._delays)


class DelaysAnd(Delays):
    """A few delays, and the faults of a tape."""

    def __init__(self, tape: Tape, random: Random, length: int) -> None:
        super().__init__(random, length)
        self.fault = Replay(tape).fault  # type: ignore[method-assign]


class Default:
    """The default order, and no fault."""

    def runs(self, actor: str, number: int, runnable: Sequence[str]) -> int:
        return 0

    def fault(self, actor: str, number: int, kind: str, possible: Sequence[str]) -> int:
        return 0


class Replay:
    """What a tape says; where it says nothing, or what cannot be, the default."""

    def __init__(self, tape: Tape) -> None:
        self._tape = tape

    def runs(self, actor: str, number: int, runnable: Sequence[str]) -> int:
        return _place(self._tape.get(Point(actor, number), NONE).run, runnable)

    def fault(self, actor: str, number: int, kind: str, possible: Sequence[str]) -> int:
        return _place(self._tape.get(Point(actor, number), NONE).fault, possible)


class Turn(NamedTuple):
    """Somebody goes on, uninterrupted, until they have come to this point of theirs."""

    actor: str
    until: int


class Noting:
    """A strategy, and the turns in which it let people go on, where there was a choice."""

    def __init__(self, strategy: Strategy) -> None:
        self.strategy = strategy
        self.fault = strategy.fault
        self.turns: list[Turn] = []
        self._passed: dict[str, int] = {}

    def runs(self, actor: str, number: int, runnable: Sequence[str]) -> int:
        self._passed[actor] = number
        if self.turns and self.turns[-1].actor == actor:
            self.turns.pop()
        place = self.strategy.runs(actor, number, runnable)
        chosen = runnable[place]
        if chosen != actor:
            self.turns.append(Turn(actor, number))
        self.turns.append(Turn(chosen, self._passed.get(chosen, 0) + 1))
        return place


class InTurn(Replay):
    """These turns, as far as they can be, with the faults of a tape; then the default order."""

    def __init__(self, turns: Sequence[Turn], tape: Tape) -> None:
        super().__init__(tape)
        self._turns = deque(turns)
        self._passed: dict[str, int] = {}

    def runs(self, actor: str, number: int, runnable: Sequence[str]) -> int:
        self._passed[actor] = number
        if self._turns and self._turns[0].actor != actor:
            self._turns.popleft()  # whose turn it was had to wait
        while self._turns:
            turn = self._turns[0]
            if turn.actor in runnable and self._passed.get(turn.actor, 0) < turn.until:
                return runnable.index(turn.actor)
            self._turns.popleft()
        return 0


PORTFOLIO: Final[Mapping[str, Callable[[Random, int], Strategy]]] = {
    "uniform": Uniform,
    "pct": Priorities,
    "delay": Delays,
    "round-robin": RoundRobin,
}


def choose(names: Sequence[str], seed: str, number: int, length: int) -> Strategy:
    """The strategy of the `number`-th schedule; each name of the portfolio has its turn. Schedule 0 is the default."""
    if number == 0:
        return Default()
    return PORTFOLIO[names[number % len(names)]](Random(f"{seed}|{number}"), length)


def _below(random: Random, end: int) -> int:
    """A number from 0 to below `end`: of `random()` alone, which gives the same in every version of Python."""
    return int(random.random() * end)


def _place(name: str, names: Sequence[str]) -> int:
    return names.index(name) if name != DEFAULT and name in names else 0
