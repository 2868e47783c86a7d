"""The scheduler alone: who runs, who waits, who dies, and that a tape says it all."""

from collections.abc import Sequence

import pytest

from harness.simulation.faults import befall
from harness.simulation.runtime import Lock, ProcessRuntime, Signal
from harness.simulation.scheduler import Scheduler, Standstill, StepLimit, acting, active
from harness.simulation.strategies import Default, Replay, choose
from harness.simulation.tape import Choice, Point, from_lines, to_lines, weight
from harness.simulation.trace import Trace


class Always:
    """The next in line at every point; every fault that is possible the first time."""

    def __init__(self, fault: str = "") -> None:
        self._fault = fault

    def runs(self, actor: str, number: int, runnable: Sequence[str]) -> int:
        return 1 if len(runnable) > 1 else 0

    def fault(self, actor: str, number: int, kind: str, possible: Sequence[str]) -> int:
        fault, self._fault = self._fault, ""
        return possible.index(fault) if fault in possible else 0


def schedule(strategy: object = None, faults: Sequence[str] = ()) -> Scheduler:
    return Scheduler(strategy or Default(), frozenset(faults), 0, Trace(keep=True))  # type: ignore[arg-type]


def three_writers(scheduler: Scheduler, log: list[str]) -> None:
    def write(name: str) -> None:
        for line in range(3):
            scheduler.point("io", f"{name}{line}")
            log.append(f"{name}{line}")

    with scheduler:
        scheduler.run([scheduler.spawn(name, name, lambda name=name: write(name)) for name in "abc"])  # type: ignore[misc]


def test_the_default_runs_everybody_to_the_end_in_turn() -> None:
    """Without a choice nobody is interrupted, and the tape stays empty."""
    log: list[str] = []
    three_writers(scheduler := schedule(), log)
    assert log == [f"{name}{line}" for name in "abc" for line in range(3)]
    assert scheduler.tape == {} and active() is None


def test_a_tape_replays_the_order_and_the_hash() -> None:
    """What a random schedule recorded, through a case file's lines, gives the same order and the same trace."""
    orders = set()
    for seed in range(20):
        log: list[str] = []
        three_writers(first := schedule(choose(["uniform"], str(seed), 1, 9)), log)
        again: list[str] = []
        three_writers(second := schedule(Replay(from_lines(to_lines(first.tape)))), again)
        assert again == log and second.trace.digest() == first.trace.digest() and second.tape == first.tape
        orders.add(tuple(log))
    assert len(orders) > 10


def test_a_choice_that_cannot_be_is_the_default() -> None:
    """A tape shrunk too far names actors that are not there; nothing breaks."""
    log: list[str] = []
    three_writers(scheduler := schedule(Replay({Point("a", 1): Choice(run="nobody", fault="flood")})), log)
    assert log[0] == "a0" and weight(scheduler.tape) == 0


@pytest.mark.parametrize("name", ["uniform", "pct", "delay", "round-robin"])
def test_every_strategy_interleaves(name: str) -> None:
    """Each strategy of the portfolio leaves the default order in some of its schedules."""
    default = [f"{one}{line}" for one in "abc" for line in range(3)]
    logs: list[list[str]] = [[] for _ in range(20)]
    for seed, log in enumerate(logs):
        three_writers(schedule(choose([name], str(seed), 1, 9)), log)
        assert sorted(log) == sorted(default)
    assert any(log != default for log in logs)


def test_who_is_in_the_midst_of_work_may_settle() -> None:
    """Once those who are waited for have ended, the others go on to where they wait for time to pass, no further."""
    log: list[str] = []
    scheduler = schedule(Always())

    def works() -> None:
        for line in range(4):
            scheduler.point("io", str(line))
            log.append(str(line))
        scheduler.sleep(1.0)
        log.append("another round")

    with scheduler:
        worker = scheduler.spawn("worker", "worker", works)
        scheduler.run([scheduler.spawn("guest", "guest", lambda: scheduler.point("io", "one"))])
        before = len(log)
        scheduler.settle()
        assert before < 4 and log == ["0", "1", "2", "3"] and not worker.ended


def test_a_lock_is_held_by_one() -> None:
    """However the points fall, nobody is inside together."""
    inside: list[str] = []
    lock = Lock()
    scheduler = schedule(Always())

    def enter(name: str) -> None:
        with lock:
            inside.append(name)
            scheduler.point("io", "work")
            assert inside == [name]
            inside.remove(name)

    with scheduler:
        scheduler.run([scheduler.spawn(name, name, lambda name=name: enter(name)) for name in "abcd"])  # type: ignore[misc]


def test_time_jumps_to_whoever_wakes_first() -> None:
    """When everybody sleeps nothing is waited for: the clock goes to the earliest."""
    scheduler, woken = schedule(), []

    def sleep(seconds: float) -> None:
        scheduler.sleep(seconds)
        woken.append((seconds, scheduler.now_ns))

    with scheduler:
        scheduler.run([scheduler.spawn(f"{s}", "p", lambda s=s: sleep(s)) for s in (5.0, 1.0, 3.0)])  # type: ignore[misc]
    assert [seconds for seconds, _ in woken] == [1.0, 3.0, 5.0]
    assert all(abs(at_ns - seconds * 1e9) < 1e7 for seconds, at_ns in woken)


def test_a_signal_wakes_or_times_out() -> None:
    """Who waits for a signal goes on when it is set, and is told when it was not."""
    scheduler, told = schedule(), []
    early, never = Signal(), Signal()

    def wait() -> None:
        told.append(early.wait(1.0))
        told.append(never.wait(1.0))

    with scheduler:
        waiter = scheduler.spawn("waiter", "p", wait)
        scheduler.spawn("setter", "p", early.set)
        scheduler.run([waiter])
    assert told == [True, False]


def test_a_crash_takes_the_whole_process_and_unwinds_it() -> None:
    """Everyone in the process dies at once, what they held is let go, others go on; the dead never come back."""
    scheduler, log = schedule(Always("crash"), ["crash"]), []
    lock = Lock()

    def hold() -> None:
        try:
            with lock:
                scheduler.sleep(9.0)
        finally:
            log.append("let go")

    def die() -> None:
        befall(scheduler, scheduler.point("io", "x", faults=["crash"]))
        log.append("never")

    def live() -> None:
        scheduler.sleep(1.0)
        with lock:
            log.append("lives")

    with scheduler:
        scheduler.spawn("holder", "doomed", hold)
        scheduler.spawn("dier", "doomed", die)
        scheduler.run([scheduler.spawn("other", "fine", live)])
    assert log == ["let go", "lives"]


def test_whoever_fails_at_a_lock_waits_for_another_to_move_and_one_is_the_victim() -> None:
    """Two that wait for each other: one gives up, then the other gets on."""
    scheduler, log = schedule(), []
    free = {"a": False, "b": False}

    def want(mine: str, theirs: str) -> None:
        while not free[theirs]:
            if scheduler.lock_failed():
                log.append(f"{mine} gives up")
                break
        free[mine] = True
        scheduler.moved()
        log.append(mine)

    with scheduler:
        scheduler.run([scheduler.spawn(x, x, lambda x=x, y=y: want(x, y)) for x, y in ("ab", "ba")])  # type: ignore[misc]
    assert log in (["b gives up", "b", "a"], ["a gives up", "a", "b"])


@pytest.mark.parametrize("holds", [False, True])
def test_a_deadlock_is_seen_though_others_sleep(holds: bool) -> None:
    """Two that wait for each other are told at once; but not while a sleeper may hold what they wait for."""
    scheduler, given_up_ns = schedule(), []
    began_ns = scheduler.now_ns

    def want() -> None:
        while not scheduler.lock_failed():
            pass
        given_up_ns.append(scheduler.now_ns - began_ns)
        scheduler.moved()

    def sleep() -> None:
        scheduler.moved(holds=holds)
        scheduler.sleep(5.0)

    with scheduler:
        scheduler.run([scheduler.spawn("sleeper", "s", sleep), *(scheduler.spawn(name, name, want) for name in "ab")])
    assert all((waited_ns >= 5_000_000_000) is holds for waited_ns in given_up_ns) and len(given_up_ns) == 2


def test_an_endless_schedule_and_a_standstill_are_errors() -> None:
    """A schedule always ends: by its people, by the limit of its points, or because nobody can move."""
    endless = schedule()
    endless.most_points = 50

    def spin() -> None:
        while True:
            endless.point("io", "again")

    with endless, pytest.raises(StepLimit, match="50 points"):
        endless.run([endless.spawn("spinner", "p", spin)])
    stuck = schedule()
    with stuck, pytest.raises(Standstill, match="waiter"):
        stuck.run([stuck.spawn("waiter", "p", lambda: stuck.wait(Signal()))])  # type: ignore[arg-type,return-value]
    assert active() is None and acting() is None


def test_what_a_process_draws_depends_on_nobody_else() -> None:
    """A person's luck follows from the seed, their name and their count."""

    def draws(others: int) -> list[int]:
        scheduler, runtime, drawn = schedule(), ProcessRuntime("api", "seed"), []
        with scheduler:
            crowd = [scheduler.spawn(f"other{x}", "api", runtime.draw) for x in range(others)]  # type: ignore[arg-type]
            mine = scheduler.spawn("me", "api", lambda: drawn.extend([runtime.draw(), runtime.draw()]))
            scheduler.run([*crowd, mine])
        return drawn

    assert draws(0) == draws(3) and len(set(draws(0))) == 2
