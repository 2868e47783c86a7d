"""`simulate` and `replay`: schedules of a world, their verdict, and the smallest schedule that shows a violation."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from harness import plugins, rundir
from harness.beside import answer, beside
from harness.config import ConfigError, nearest
from harness.simulation import case as cases
from harness.simulation.explore import PLANS, Beyond, Found, Search, Seen, everything, explore
from harness.simulation.faults import FAULTS
from harness.simulation.judging import accused, judge_one
from harness.simulation.schedule import Played, play, starts_ns
from harness.simulation.shrink import Shrunk, shrink
from harness.simulation.stand import stand
from harness.simulation.story import story, transcript
from harness.simulation.strategies import Replay
from harness.simulation.tape import from_lines, to_lines
from harness.simulation.world import Deployment, Plan, World
from invariants.verdict import Value, Verdict

Tell = Callable[[str], None]
ROOT: Final = rundir.ROOT / "simulate"
"""Cases are kept apart from runs: `runs/latest` stays what it was."""


class Asked(Struct, frozen=True, kw_only=True):
    """What to simulate. `jobs`: processes that share the schedules; the trace hash does not depend on them."""

    world: str
    schedules: int
    faults: frozenset[str]
    seed: int
    backend: str = "embedded"
    mutant: str = ""
    until: str = ""
    """Stop at a schedule that violates this invariant; "": at the first violation of any."""
    jobs: int = 1


class Simulation(Struct, frozen=True, kw_only=True):
    """What `simulate --json` prints. `violations`: schedules in which an invariant was violated."""

    verdict: Value
    exit_code: int
    world: str
    backend: str
    mutant: str
    seed: int
    schedules: int
    points: int
    violations: int
    trace_hash: str
    accused: list[str]
    reasons: list[str]
    invariants: dict[str, Verdict]
    points_by_kind: dict[str, int]
    faults: dict[str, int]
    seconds: float
    case: str = ""
    """Where the counterexample stands."""
    choices: int | None = None
    found_at: int | None = None
    """The number of the first schedule in which something was violated."""
    shrink_seconds: float | None = None
    shrink_attempts: int | None = None
    story: list[str] = []


class Replayed(Struct, frozen=True):
    """What a case says when it is played again. `same`: the trace is the one on record."""

    violated: bool
    same: bool
    digest: str
    accused: list[str]
    story: list[str]
    trace: list[str]


def parse_faults(text: str) -> frozenset[str]:
    """`all`, `none`, or names with commas between. Raises ConfigError."""
    if text in ("all", "none"):
        return frozenset(FAULTS) if text == "all" else frozenset()
    names = [name.strip() for name in text.split(",") if name.strip()]
    for name in names:
        if name not in FAULTS:
            raise ConfigError(f"--faults: no fault is called {name!r}: {nearest(name, FAULTS)}; or all, or none")
    return frozenset(names)


def simulate(asked: Asked, tell: Tell, root: Path = ROOT) -> Simulation:
    """Play the schedules; at the first violation stop, shrink it and write it down."""
    began = time.monotonic()
    world: World = plugins.choose("world", asked.world, plugins.worlds())
    mutant = plugins.choose("mutant", asked.mutant, plugins.mutants()) if asked.mutant else None
    if asked.until and asked.until not in world.claims:
        raise ConfigError(
            f"--until: no invariant of {world.name} is called {asked.until!r}: {nearest(asked.until, world.claims)}"
        )
    if asked.jobs > 1:
        seen = _side_by_side(asked)
        with _beyond(asked) as beyond, stand(world, asked.backend, asked.mutant) as deployment:
            return _concluded(asked, world, deployment, seen, mutant, began, tell, root, beyond)
    with _beyond(asked) as beyond, stand(world, asked.backend, asked.mutant) as deployment:
        seen = explore(
            world,
            deployment,
            _search(asked),
            until=asked.until,
            tell=lambda seen: tell(f"{seen.schedules} schedules"),
            beyond=beyond,
        )
        return _concluded(asked, world, deployment, seen, mutant, began, tell, root, beyond)


def replay(path: Path, trace: bool = False) -> Replayed:
    """Play a case again. Raises ConfigError."""
    case = cases.load(path)
    world: World = plugins.choose("world", case.world, plugins.worlds())
    if case.mutant:
        plugins.choose("mutant", case.mutant, plugins.mutants())
    with stand(world, case.backend, case.mutant) as deployment:
        played = play(
            deployment, case.plan, Replay(from_lines(case.tape)), frozenset(case.faults), case.seed, keep=True
        )
        verdicts, began_ns = judge_one(played, world.claims), starts_ns(deployment)
    accused = [verdict.name for verdict in verdicts if verdict.verdict == "violated"]
    return Replayed(
        violated=case.invariant in accused,
        same=played.digest == case.digest,
        digest=played.digest,
        accused=accused,
        story=story(played.events, verdicts, began_ns),
        trace=transcript(played.events, began_ns) if trace else [],
    )


def text(told: Simulation) -> str:
    """What a person reads."""
    faults = ", ".join(f"{count} {name}" for name, count in sorted(told.faults.items())) or "none"
    lines = [
        f"{_MARKS[told.verdict]} {told.world} on {told.backend}{' with ' + told.mutant if told.mutant else ''}: "
        f"{told.schedules:,} schedules, {told.points:,} points, {told.violations} violated, {told.seconds:.1f} s",
        f"  faults that struck: {faults}",
        f"  trace hash {told.trace_hash}",
        *(f"  ? {reason}" for reason in told.reasons),
    ]
    if told.case:
        lines += [
            "",
            *told.story,
            "",
            f"  found in schedule {told.found_at}, shrunk to {told.choices} choices off the default in "
            f"{told.shrink_seconds:.1f} s ({told.shrink_attempts} schedules)",
            f"  case {told.case}",
            f"  again: rainproof replay {told.case} --trace",
        ]
    return "\n".join(lines) + "\n"


def conclusion(told: Replayed) -> list[str]:
    """The last lines of a replay."""
    said = f"violated: {', '.join(told.accused)}" if told.accused else "no invariant is violated any more"
    trace = "the trace on record" if told.same else "not the trace on record: code, statements or store have changed"
    return ["", said, f"trace hash {told.digest}: {trace}"]


_MARKS: Final = {"holds": "✓ HOLDS", "violated": "✗ VIOLATED", "unknown": "? UNKNOWN"}


def _search(asked: Asked, first: int = 0, schedules: int | None = None) -> Search:
    count = asked.schedules if schedules is None else schedules
    return Search(seed=asked.seed, schedules=count, faults=asked.faults, first=first)


def _side_by_side(asked: Asked) -> Seen:
    """The schedules split between processes, each with a deployment of its own; what they saw, in order."""
    share = -(-asked.schedules // (asked.jobs * PLANS)) * PLANS
    parts = [(first, min(share, asked.schedules - first)) for first in range(0, asked.schedules, share)]
    together = Seen()
    with ExitStack() as stack:
        for sharer in [stack.enter_context(beside(_share, asked, part)) for part in parts]:
            together.add(answer(sharer))
    return together


def _share(connection: Connection, asked: Asked, part: tuple[int, int]) -> None:
    world = plugins.worlds()[asked.world]
    with _beyond(asked) as beyond, stand(world, asked.backend, asked.mutant) as deployment:
        connection.send(explore(world, deployment, _search(asked, *part), until=asked.until, beyond=beyond))


@contextmanager
def _beyond(asked: Asked) -> Iterator[Beyond]:
    """Which of a schedule's accusations the planted bug adds: those that are not raised where only the mutant that it
    stands beside is planted. That one is in a process of its own, for planting is for good.
    """
    other = getattr(plugins.mutants().get(asked.mutant), "beside", "")
    if not other:
        yield everything
        return
    with beside(_reenact, replace(asked, mutant=other)) as without:

        def beyond(plan: Plan, played: Played, accused: list[str]) -> list[str]:
            without.send((plan, to_lines(played.tape), played.seed))
            anyway = answer(without)
            return [name for name in accused if name not in anyway]

        yield beyond


def _reenact(connection: Connection, asked: Asked) -> None:
    """Play the schedules that are sent; answer each with what it is accused of."""
    world = plugins.worlds()[asked.world]
    with stand(world, asked.backend, asked.mutant) as deployment:
        while True:
            plan, lines, seed = connection.recv()
            played = play(deployment, plan, Replay(from_lines(lines)), asked.faults, seed)
            connection.send(accused(played, world.claims))


def _concluded(
    asked: Asked,
    world: World,
    deployment: Deployment,
    seen: Seen,
    mutant: Any,
    began: float,
    tell: Tell,
    root: Path,
    beyond: Beyond,
) -> Simulation:
    told: dict[str, Any] = {}
    if seen.found:
        wanted = asked.until or (mutant.caught_by if mutant else "")
        found = next((one for one in seen.found if wanted in one.accused), seen.found[0])
        invariant = wanted if wanted in found.accused else found.accused[0]
        tell(f"schedule {found.number} violates {', '.join(found.accused)}; shrinking for {invariant}")
        told = _counterexample(asked, world, deployment, found, invariant, root, beyond)
    reasons = _doubts(seen, world.claims)
    verdict: Value = "violated" if seen.found else "unknown" if reasons else "holds"
    return Simulation(
        verdict=verdict,
        exit_code={"holds": 0, "violated": 1, "unknown": 3}[verdict],
        world=asked.world,
        backend=asked.backend,
        mutant=asked.mutant,
        seed=asked.seed,
        schedules=seen.schedules,
        points=seen.points.total(),
        violations=seen.violations,
        trace_hash=seen.trace_hash(),
        accused=sorted({name for found in seen.found for name in found.accused}),
        reasons=reasons,
        invariants=seen.verdicts,
        points_by_kind=dict(seen.points),
        faults=dict(seen.struck),
        seconds=time.monotonic() - began,
        **told,
    )


def _doubts(seen: Seen, claims: Sequence[str]) -> list[str]:
    """Why schedules without a violation may not prove anything."""
    unsure = [f"{name}: {seen.verdicts[name].reason}" for name in claims if seen.verdicts[name].verdict == "unknown"]
    undrained = [f"money is still under way at the end of {seen.undrained} schedules"] if seen.undrained else []
    together = [
        f"{name}: violated over all schedules together, by none alone"
        for name in claims
        if seen.verdicts[name].verdict == "violated" and not any(name in found.accused for found in seen.found)
    ]
    return [*seen.stuck[:3], *undrained, *together, *unsure]


def _counterexample(
    asked: Asked,
    world: World,
    deployment: Deployment,
    found: Found,
    invariant: str,
    root: Path,
    beyond: Beyond,
) -> dict[str, Any]:
    small = shrink(deployment, found.plan, found.played, asked.faults, invariant, found.seed, beyond)
    told, played = _told(world, deployment, small, asked, found.seed)
    case = cases.Case(
        world=asked.world,
        backend=asked.backend,
        mutant=asked.mutant,
        invariant=invariant,
        faults=sorted(asked.faults),
        seed=found.seed,
        plan=small.plan,
        tape=to_lines(small.tape),
        digest=played.digest,
        story=told,
    )
    path = cases.save(case, rundir.create(asked.world, root))
    return {
        "case": str(path),
        "choices": small.choices,
        "found_at": found.number,
        "shrink_seconds": small.seconds,
        "shrink_attempts": small.attempts,
        "story": told,
    }


def _told(world: World, deployment: Deployment, small: Shrunk, asked: Asked, seed: str) -> tuple[list[str], Played]:
    played = play(deployment, small.plan, Replay(small.tape), asked.faults, seed, keep=True)
    return story(played.events, judge_one(played, world.claims), starts_ns(deployment)), played
