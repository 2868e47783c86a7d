"""One schedule: a plan played from an empty deployment to what its stores say, by one strategy."""

from collections import Counter
from functools import partial
from typing import Final

from msgspec import Struct

from harness.signals import held_back
from harness.simulation.people import Crowd
from harness.simulation.processes import Processes
from harness.simulation.runtime import ProcessRuntime
from harness.simulation.scheduler import Scheduler, Standstill, StepLimit, Strategy
from harness.simulation.tape import Choice, Point
from harness.simulation.trace import Event, Trace
from harness.simulation.world import Deployment, Plan, Rows

START_NS: Final = 1_833_012_000_000_000_000
"""2028-02-01 10:00 UTC: no midnight near."""
CLIENTS: Final = "people"
DRAIN: Final = "drain"
DEADLY: Final = frozenset(("crash", "crash_after"))
"""Faults that break work off."""
DRAIN_AFTER_NS: Final = 60_000_000_000
"""After the last answer so much time passes before what is under way is finished."""


class Played(Struct, frozen=True):
    """What became of a schedule. `stuck`: why it did not come to its end, or ""; `pending`: money still under way."""

    seed: str
    digest: str
    points: Counter[str]
    struck: Counter[str]
    tape: dict[Point, Choice]
    rows: Rows
    stuck: str
    pending: int
    events: list[Event]


def play(
    deployment: Deployment, plan: Plan, strategy: Strategy, faults: frozenset[str], seed: str, keep: bool = False
) -> Played:
    """Play one schedule. `keep`: keep its events for a story."""
    trace = Trace(keep)
    with held_back(), Scheduler(strategy, faults, starts_ns(deployment), trace) as scheduler:
        deployment.reset()
        processes = Processes(scheduler, deployment, seed)
        crowd = Crowd(scheduler, processes, plan)
        stuck = _live(scheduler, processes, crowd, plan)
        scheduler.abandon()
        scheduler.off_us.clear()
        scheduler.now_ns += DRAIN_AFTER_NS
        pending = deployment.drain(ProcessRuntime(DRAIN, seed))
        rows = {"history": crowd.rows(), **deployment.evidence()}
        trace.add(scheduler.now_ns, DRAIN, "end", stuck, sorted((table, len(found)) for table, found in rows.items()))
        return Played(
            seed, trace.digest(), scheduler.points, scheduler.struck, scheduler.tape, rows, stuck, pending, trace.events
        )


def starts_ns(deployment: Deployment) -> int:
    """When a deployment's schedules begin: at a moment of its own, where it has one in `starts_ns`."""
    return int(getattr(deployment, "starts_ns", START_NS))


def _live(scheduler: Scheduler, processes: Processes, crowd: Crowd, plan: Plan) -> str:
    """Everybody goes through their script; why they did not come to its end, or ""."""
    for name in plan.background:
        processes[name].work()
    people = [scheduler.spawn(person.name, CLIENTS, partial(crowd.live, person)) for person in plan.people]
    try:
        scheduler.run(until=people)
        if not scheduler.faults & DEADLY:  # otherwise the end strikes the rest in the midst of their work
            scheduler.settle()
    except (StepLimit, Standstill) as reason:
        return f"{type(reason).__name__}: {reason}"
    return ""
