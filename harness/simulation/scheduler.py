"""Who runs next: actors are greenlets in one thread, and at every point the strategy says who goes on and what breaks.

Time is simulated: a point costs `TICK_NS`, and when everybody waits the clock jumps to whoever wakes first.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, Protocol

from greenlet import getcurrent, greenlet

from harness.simulation.tape import DEFAULT, Choice, Point
from harness.simulation.trace import Trace

TICK_NS: Final = 100_000
MOST_POINTS: Final = 20_000
"""A schedule that takes more than so many points ends with StepLimit."""
PATIENCE: Final = 8
"""A call that met a lock so many times an actor alive, and moved in none, gives up as a deadlock's victim."""


class Strategy(Protocol):
    """Makes the choices. Index 0 is always the default."""

    def runs(self, actor: str, number: int, runnable: Sequence[str]) -> int: ...
    def fault(self, actor: str, number: int, kind: str, possible: Sequence[str]) -> int: ...


class Crashed(BaseException):
    """The actor's process is dead; every later call of the actor raises this again."""


class Abandoned(BaseException):
    """The schedule is over; whoever still runs unwinds."""


class StepLimit(Exception):
    """A schedule did not come to its end."""


class Standstill(Exception):
    """Everybody waits for somebody else."""


class Waitable(Protocol):
    """What an actor can wait for."""

    ready: bool


class Actor:
    __slots__ = (
        "crashed", "ended", "failed_at", "failures", "greenlet", "holds", "last_words", "name", "points", "process",
        "waits", "wake_ns",
    )  # fmt: skip

    def __init__(self, name: str, process: str, work: Callable[[], None], hub: greenlet) -> None:
        self.name, self.process = name, process
        self.greenlet = greenlet(work, parent=hub)
        self.points = 0
        self.wake_ns: int | None = None
        self.waits: Waitable | None = None
        self.failed_at: int | None = None
        self.failures = 0
        self.holds = False
        """Is it within a transaction, and may hold locks?"""
        self.crashed = self.ended = False
        self.last_words: Callable[[], None] = lambda: None
        """What is said for it when its process dies."""


_active: "Scheduler | None" = None


def active() -> "Scheduler | None":
    """The scheduler of the schedule that is under way, if one is."""
    return _active


def acting() -> "Scheduler | None":
    """The scheduler, where the caller is one of its actors; None for set-up and looking on."""
    return _active if _active is not None and _active.current is not None else None


class Scheduler:
    """One schedule."""

    def __init__(self, strategy: Strategy, faults: frozenset[str], start_ns: int, trace: Trace) -> None:
        self.strategy = strategy
        self.faults = faults
        self.now_ns = start_ns
        self.trace = trace
        self.tape: dict[Point, Choice] = {}
        self.points: Counter[str] = Counter()
        self.struck: Counter[str] = Counter()
        self.current: Actor | None = None
        self.off_us: dict[str, int] = {}
        """How far each process's own clock is off."""
        self.on_crash: Callable[[str], None] = lambda process: None
        self.most_points = MOST_POINTS
        self._actors: dict[str, Actor] = {}
        self._names: set[str] = set()
        self._hub = getcurrent()
        self._next: Actor | None = None
        self._steps = 0
        self._moves = 0
        self._over = False

    # --- what a world does --------------------------------------------------------------------------------------------

    def __enter__(self) -> "Scheduler":
        global _active
        if _active is not None:
            raise RuntimeError("a schedule is under way already")
        _active = self
        return self

    def __exit__(self, *_: object) -> None:
        global _active
        self.abandon()
        _active = None

    def spawn(self, name: str, process: str, work: Callable[[], None]) -> Actor:
        """A new actor, at the end of the line. A crash ends it silently, anything else it raises ends the schedule."""

        def life() -> None:
            try:
                work()
            except Crashed:
                actor.last_words()
            except Abandoned:
                pass
            finally:
                actor.ended = True

        actor = Actor(self._unused(name), process, life, self._hub)
        self._actors[actor.name] = actor
        return actor

    def run(self, until: Iterable[Actor]) -> None:
        """Run until all of these have ended. Raises StepLimit, Standstill, and what an actor raised."""
        awaited = list(until)
        while not all(actor.ended for actor in awaited):
            self._go_on()

    def settle(self) -> None:
        """Run until nobody has anything to do before time passes. Raises as `run` does."""
        while any(self._is_runnable(actor) or actor.failed_at is not None for actor in self._actors.values()):
            self._go_on()

    def abandon(self) -> None:
        """End whoever still runs."""
        self._over = True
        for actor in list(self._actors.values()):
            self._unwind(actor, Abandoned())
        self._actors.clear()

    # --- what actors do -----------------------------------------------------------------------------------------------

    def point(self, kind: str, text: str, detail: Any = None, faults: Sequence[str] = ()) -> str:
        """The current actor comes to a point; returns the fault that befalls its call, or "".

        Others may run before this returns. Raises Crashed for an actor whose process is dead.
        """
        actor = self._alive()
        self.points[kind] += 1
        fault = self._fault(actor, kind, faults)
        chosen = self._whom(actor, [actor, *self._runnable(actor)])
        self._record(actor, chosen if chosen is not actor else None, fault)
        self.trace.add(self.now_ns, actor.name, kind, text, detail, fault, chosen.name if chosen is not actor else "")
        if chosen is not actor:
            self._yield_to(actor, chosen)
        return fault

    def moved(self, holds: bool | None = None) -> None:
        """The current actor's call was done: those who met a lock may try again. `holds`: may it hold locks now?"""
        self._moves += 1
        actor = self.current
        if actor is not None:
            actor.failures = 0
            actor.holds = actor.holds if holds is None else holds

    def lock_failed(self) -> bool:
        """The current actor's call met a lock. Waits until another has moved; True: give up, as a deadlock's victim."""
        actor = self._alive()
        actor.failures += 1
        actor.failed_at = self._moves
        others = [other for other in self._actors.values() if other is not actor]
        alone = not any(self._is_runnable(other) for other in others) and not self._sleeps_on_locks()
        if alone or actor.failures >= PATIENCE * len(self._actors):
            actor.failures, actor.failed_at = 0, None
            self._moves += 1
            return True
        self._wait(actor)
        return False

    def sleep(self, seconds: float) -> None:
        """Wait, in simulated time."""
        actor = self._alive()
        actor.wake_ns = self.now_ns + max(1, round(seconds * 1e9))
        self._wait(actor)

    def wait(self, what: Waitable, timeout_s: float | None = None) -> bool:
        """Wait until it is ready; False where the time ran out before."""
        if not what.ready:
            actor = self._alive()
            actor.waits = what
            actor.wake_ns = None if timeout_s is None else self.now_ns + round(timeout_s * 1e9)
            self._wait(actor)
        return what.ready

    def crash(self, process: str) -> None:
        """The process dies with everyone in it. Raises Crashed where the current actor is one of them."""
        for actor in self._actors.values():
            actor.crashed = actor.crashed or actor.process == process
        self.off_us.pop(process, None)
        self.on_crash(process)
        if self.current is not None and self.current.crashed:
            raise Crashed

    def tell(self, text: str, detail: Any = None) -> None:
        """A line of the story, by the current actor."""
        name = self.current.name if self.current is not None else ""
        self.trace.add(self.now_ns, name, "told", text, detail)

    # --- inside -------------------------------------------------------------------------------------------------------

    def _go_on(self) -> None:
        """Whoever is next runs until they come to a point at which another goes on."""
        self._bury()
        actor = self._next or self._first()
        self._next = None
        self.current = actor
        actor.wake_ns = actor.waits = actor.failed_at = None
        try:
            actor.greenlet.switch()
        finally:
            self.current = None
        if actor.ended:
            self._forget(actor)

    def _alive(self) -> Actor:
        actor = self.current
        if actor is None:
            raise RuntimeError("no actor is running")
        if self._over:
            raise Abandoned
        if actor.crashed:
            raise Crashed
        actor.points += 1
        self._steps += 1
        self.now_ns += TICK_NS
        if self._steps > self.most_points:
            raise StepLimit(f"more than {self.most_points} points; {actor.name} was running")
        return actor

    def _fault(self, actor: Actor, kind: str, faults: Sequence[str]) -> str:
        possible = [fault for fault in faults if fault in self.faults]
        index = self.strategy.fault(actor.name, actor.points, kind, [DEFAULT, *possible]) if possible else 0
        return possible[index - 1] if index else DEFAULT

    def _whom(self, actor: Actor, runnable: list[Actor]) -> Actor:
        if len(runnable) == 1:
            return runnable[0]
        return runnable[self.strategy.runs(actor.name, actor.points, [one.name for one in runnable])]

    def _record(self, actor: Actor, run: Actor | None, fault: str) -> None:
        if run is not None or fault:
            self.tape[Point(actor.name, actor.points)] = Choice(run.name if run else DEFAULT, fault)
        if fault:
            self.struck[fault] += 1

    def _yield_to(self, actor: Actor, chosen: Actor | None) -> None:
        self._next = chosen
        self._hub.switch()
        if self._over:
            raise Abandoned
        if actor.crashed:
            raise Crashed

    def _wait(self, actor: Actor) -> None:
        """The current actor cannot go on: somebody else does, or time passes."""
        self._yield_to(actor, self._successor(actor))

    def _forget(self, actor: Actor) -> None:
        actor.points += 1
        self._next = self._successor(actor)
        del self._actors[actor.name]

    def _successor(self, actor: Actor) -> Actor | None:
        runnable = self._runnable(actor)
        if not runnable:
            return None
        chosen = self._whom(actor, runnable)
        self._record(actor, chosen if chosen is not runnable[0] else None, DEFAULT)
        return chosen

    def _first(self) -> Actor:
        """Whoever can run first, now or when the clock has come to them."""
        while True:
            for actor in self._actors.values():
                if self._is_runnable(actor):
                    return actor
            wakes = [actor.wake_ns for actor in self._actors.values() if actor.wake_ns is not None]
            if any(actor.failed_at is not None for actor in self._actors.values()) and not self._sleeps_on_locks():
                self._moves += 1  # whoever holds a lock meets one: the next to fail is a deadlock's victim
            elif wakes:
                self.now_ns = max(self.now_ns, min(wakes))
            else:
                raise Standstill(f"everybody waits: {', '.join(self._actors) or 'nobody is left'}")

    def _sleeps_on_locks(self) -> bool:
        """Will somebody wake up who may hold the lock that others met?"""
        return any(actor.wake_ns is not None and actor.holds for actor in self._actors.values())

    def _runnable(self, actor: Actor) -> list[Actor]:
        """Everyone else who can run, those after the actor first."""
        before: list[Actor] = []
        after: list[Actor] = []
        place = before
        for other in self._actors.values():
            if other is actor:
                place = after
            elif self._is_runnable(other):
                place.append(other)
        return after + before

    def _is_runnable(self, actor: Actor) -> bool:
        if actor.crashed:
            return False
        if actor.waits is not None and actor.waits.ready:
            return True
        if actor.wake_ns is not None:
            return self.now_ns >= actor.wake_ns
        if actor.failed_at is not None:
            return self._moves > actor.failed_at
        return actor.waits is None

    def _bury(self) -> None:
        """Unwind the dead, so that what they held in databases is let go, as when a connection breaks."""
        dead = [actor for actor in self._actors.values() if actor.crashed and not actor.ended]
        for actor in dead:
            self._unwind(actor, Crashed())
        if dead and self._next is not None and self._next.crashed:
            self._next = None
        for actor in dead:
            self._actors.pop(actor.name, None)

    def _unwind(self, actor: Actor, how: BaseException) -> None:
        actor.crashed = True
        if actor.ended:
            return
        self.current = actor
        try:
            if actor.greenlet:
                actor.greenlet.throw(how)
            else:
                actor.last_words()
        finally:
            self.current = None
            actor.ended = True

    def _unused(self, name: str) -> str:
        """The name, with a stroke for each actor that ever bore it."""
        while name in self._names:
            name += "'"
        self._names.add(name)
        return name
