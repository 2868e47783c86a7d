"""The same seed gives the same trace: again, in another process, split between processes, after other schedules, and
on real servers; and whatever a statement, its values or the order differ in, the hash differs."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import jar
import pytest

from harness import simulate
from harness.simulation.explore import PLANS, Search, schedules
from harness.simulation.faults import FAULTS
from harness.simulation.schedule import Played, play
from harness.simulation.stand import stand
from harness.simulation.strategies import Default, Replay
from harness.simulation.tape import Choice, Point
from harness.simulation.world import Deployment
from scenarios.worlds.group_grab import WORLD

ALL = frozenset(FAULTS)
SEED = 11
SCHEDULES = 20

OTHER_PROCESS = f"""
from harness.simulation.stand import stand
from scenarios.worlds.group_grab import WORLD
from test_determinism import digests
with stand(WORLD, "embedded") as deployment:
    print(*digests(deployment, {SCHEDULES}))
"""


def digests(deployment: Deployment, count: int, first: int = 0) -> list[str]:
    """The traces' hashes of some schedules of the group grab, with every fault."""
    search = Search(seed=SEED, schedules=count, faults=ALL, first=first)
    return [played.digest for _, _, _, played in schedules(WORLD, deployment, search)]


@pytest.fixture(scope="module")
def expected() -> list[str]:
    """What this process says."""
    with stand(WORLD, "embedded") as deployment:
        found = digests(deployment, SCHEDULES)
    assert len(set(found)) > SCHEDULES // 2
    return found


def test_another_process_says_the_same(expected: list[str]) -> None:
    """Another process, in which strings hash to other numbers, plays the same schedules."""
    path = os.pathsep.join([str(Path(__file__).parent), *sys.path])
    environment = {**os.environ, "PYTHONPATH": path, "PYTHONHASHSEED": "4711"}
    done = subprocess.run([sys.executable, "-c", OTHER_PROCESS], capture_output=True, text=True, env=environment)
    assert done.stdout.split() == expected, done.stderr


def test_what_was_played_before_does_not_matter(expected: list[str]) -> None:
    """A schedule is the same whether it is the first of a deployment or comes after others."""
    with stand(WORLD, "embedded") as deployment:
        later = digests(deployment, SCHEDULES - PLANS, first=PLANS)
        assert digests(deployment, 2) + later == expected[:2] + expected[PLANS:]


def test_the_hash_does_not_depend_on_jobs() -> None:
    """Two processes that share the schedules say what one says."""
    asked = [
        simulate.Asked(world="group_grab", schedules=SCHEDULES, faults=ALL, seed=SEED, jobs=jobs) for jobs in (1, 2)
    ]
    one, two = (simulate.simulate(each, lambda _: None) for each in asked)
    assert (one.trace_hash, one.points, one.faults) == (two.trace_hash, two.points, two.faults)
    assert one.violations == two.violations == 0


@pytest.mark.servers
def test_real_servers_say_the_same_twice(server_programs: None) -> None:
    """MariaDB and Redis, whose own clocks, locks and numbers are never the same, do not show in the trace."""
    with stand(WORLD, "servers") as deployment:
        first = digests(deployment, 10)
        assert digests(deployment, 10) == first and len(set(first)) > 5


@pytest.fixture
def keeper() -> Iterator[Callable[[], Played]]:
    """Plays the default schedule of the careful jar."""
    with stand(jar.world(careful=True), "embedded") as deployment:
        yield lambda: play(deployment, jar.plan(None), Default(), frozenset(), "seed")  # type: ignore[arg-type]


def test_another_statement_is_another_hash(keeper: Callable[[], Played], monkeypatch: pytest.MonkeyPatch) -> None:
    """A statement with the same meaning and other words, and other words only, changes the hash."""
    before = keeper()
    assert keeper().digest == before.digest
    monkeypatch.setattr(jar, "TAKEN", "SELECT COUNT(person) FROM taken")
    after = keeper()
    assert after.rows == before.rows and after.digest != before.digest


def test_other_values_are_another_hash(keeper: Callable[[], Played], monkeypatch: pytest.MonkeyPatch) -> None:
    """The same statements with other parameters change the hash."""
    before, take = keeper(), jar.Jar._take
    monkeypatch.setattr(jar.Jar, "_take", lambda self, person: take(self, person + 10))
    after = keeper()
    assert after.points == before.points and after.digest != before.digest


@pytest.mark.parametrize("choice", [Choice(run="person-1"), Choice(fault="delay"), Choice(fault="fail")])
def test_another_order_or_fault_is_another_hash(choice: Choice) -> None:
    """One choice off the default, at one point, changes the hash; the same choice gives the same again."""
    tapes: Sequence[dict[Point, Choice]] = ({}, {Point("person-0", 1): choice}, {Point("person-0", 1): choice})
    with stand(world := jar.world(careful=True), "embedded") as deployment:
        plan = world.plan(None)  # type: ignore[arg-type]
        default, once, again = (play(deployment, plan, Replay(tape), ALL, "seed") for tape in tapes)
    assert once.tape == {Point("person-0", 1): choice}
    assert once.digest == again.digest != default.digest
