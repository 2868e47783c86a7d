"""Many schedules of one world: a portfolio of strategies, faults, and a verdict over all of them."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from random import Random
from typing import Final

from msgspec import Struct, field
from msgspec.structs import replace

from harness.simulation.judging import accused, judge_all
from harness.simulation.schedule import Played, play
from harness.simulation.strategies import PORTFOLIO, choose
from harness.simulation.world import Deployment, Plan, World
from invariants.verdict import Verdict

BATCH: Final = 1000
"""So many schedules are judged together: to begin takes as long as to judge some hundred."""
TELLS: Final = 100
"""After so many schedules it is told how far a search has come."""
PLANS: Final = 16
"""A plan is played so many times, in as many ways, before the next is drawn."""


Beyond = Callable[[Plan, Played, list[str]], list[str]]
"""Which of a schedule's accusations count: of a planted bug those that would not be raised without it."""


def everything(_plan: Plan, _played: Played, accused: list[str]) -> list[str]:
    """Every accusation counts."""
    return accused


class Search(Struct, frozen=True):
    """What is looked at. `first`: the number of the first schedule."""

    seed: int
    schedules: int
    faults: frozenset[str]
    strategies: tuple[str, ...] = tuple(PORTFOLIO)
    first: int = 0


class Found(Struct, frozen=True):
    """A schedule in which something was violated, and everything needed to play it again."""

    number: int
    plan: Plan
    seed: str
    played: Played
    accused: list[str]


class Seen(Struct):
    """What a search saw: it grows with each schedule."""

    schedules: int = 0
    points: Counter[str] = field(default_factory=Counter)
    struck: Counter[str] = field(default_factory=Counter)
    violations: int = 0
    stuck: list[str] = field(default_factory=list)
    undrained: int = 0
    found: list[Found] = field(default_factory=list)
    verdicts: dict[str, Verdict] = field(default_factory=dict)
    digests: list[str] = field(default_factory=list)

    def add(self, later: "Seen") -> None:
        """Go on with what was seen in later schedules."""
        self.schedules += later.schedules
        self.points += later.points
        self.struck += later.struck
        self.violations += later.violations
        self.stuck += later.stuck
        self.undrained += later.undrained
        self.found += later.found
        self.digests += later.digests
        for name, verdict in later.verdicts.items():
            self.verdicts[name] = _together(self.verdicts.get(name), verdict)

    def trace_hash(self) -> str:
        """One hash for all schedules, in their order."""
        return hashlib.blake2b("".join(self.digests).encode(), digest_size=16).hexdigest()


def explore(
    world: World,
    deployment: Deployment,
    search: Search,
    *,
    until: str = "",
    tell: Callable[[Seen], None] = lambda _: None,
    beyond: Beyond = everything,
) -> Seen:
    """Play and judge the schedules of a search, to the first that violates `until`, or anything. A schedule of whose
    accusations none counts is left out.
    """
    seen = Seen()
    batch: list[Played] = []
    for number, plan, seed, played in schedules(world, deployment, search):
        _count(seen, number, played)
        raised = accused(played, world.claims)
        names = beyond(plan, played, raised) if raised else []
        if names or not raised:
            batch.append(played)
        if names:
            seen.violations += 1
            seen.found.append(Found(number, plan, seed, played, names))
        if until in names or (names and not until):
            break
        if len(batch) == BATCH:
            _judge(seen, batch, world.claims)
            batch = []
        if seen.schedules % TELLS == 0:
            tell(seen)
    if batch:
        _judge(seen, batch, world.claims)
        tell(seen)
    return seen


def schedules(world: World, deployment: Deployment, search: Search) -> Iterator[tuple[int, Plan, str, Played]]:
    """Play them one after another. A plan's first schedule is the default order, which says how long it is."""
    for number in range(search.first, search.first + search.schedules):
        drawn, place = divmod(number, PLANS)
        seed = f"{search.seed}|{world.name}|{drawn}"
        if place == 0 or number == search.first:
            plan = world.plan(Random(seed))
            default = play(deployment, plan, choose(search.strategies, seed, 0, 0), search.faults, seed)
            length = default.points.total()
        if place == 0:
            yield number, plan, seed, default
        else:
            strategy = choose(search.strategies, seed, place, length)
            yield number, plan, seed, play(deployment, plan, strategy, search.faults, seed)


def _count(seen: Seen, number: int, played: Played) -> None:
    seen.schedules += 1
    seen.points += played.points
    seen.struck += played.struck
    seen.digests.append(played.digest)
    seen.undrained += played.pending > 0
    if played.stuck:
        seen.stuck.append(f"schedule {number}: {played.stuck}")


def _judge(seen: Seen, batch: Sequence[Played], claims: Sequence[str]) -> None:
    for verdict in judge_all(batch, claims):
        seen.verdicts[verdict.name] = _together(seen.verdicts.get(verdict.name), verdict)


def _together(before: Verdict | None, now: Verdict) -> Verdict:
    """Two batches' verdicts as one: what one of them saw nothing of, the other may have seen."""
    if before is None:
        return now
    worse = max(before, now, key=_badness)
    return replace(
        worse,
        examined=before.examined + now.examined,
        violations=before.violations + now.violations,
        unsettled=before.unsettled + now.unsettled,
        seconds=before.seconds + now.seconds,
    )


def _badness(verdict: Verdict) -> int:
    saw_nothing = verdict.verdict == "unknown" and not verdict.examined and verdict.canary == "reported"
    return -1 if saw_nothing else ("holds", "unknown", "violated").index(verdict.verdict)
