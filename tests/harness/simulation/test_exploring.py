"""Searching, shrinking and telling, on a jar of coins whose careless keeper is caught and whose careful one is not."""

import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from jar import catalogue, world

from harness import plugins, simulate
from harness.config import ConfigError
from harness.simulation.explore import Search, explore
from harness.simulation.faults import FAULTS
from harness.simulation.schedule import Played
from harness.simulation.stand import stand
from harness.simulation.world import Plan

ALL = frozenset(FAULTS)


@pytest.fixture(autouse=True)
def jars(monkeypatch: pytest.MonkeyPatch) -> None:
    """The jars are worlds like any that an entry point names."""
    monkeypatch.setattr(plugins, "worlds", catalogue)


def asked(name: str, schedules: int = 400, faults: frozenset[str] = ALL, jobs: int = 1) -> simulate.Asked:
    return simulate.Asked(world=name, schedules=schedules, faults=faults, seed=3, jobs=jobs)


def silent(_: str) -> None:
    pass


def test_the_careful_are_never_accused() -> None:
    """Every schedule of a correct system holds, with faults of many kinds, and each was really judged."""
    with stand(careful := world(careful=True), "embedded") as deployment:
        seen = explore(careful, deployment, Search(seed=3, schedules=400, faults=ALL))
    assert (seen.schedules, seen.violations, seen.stuck) == (400, 0, [])
    assert seen.verdicts["no_overspend"].verdict == "holds" and seen.verdicts["no_overspend"].examined > 390
    assert len(set(seen.digests)) > 200 and {"fail", "timeout", "twice", "delay", "crash"} <= set(seen.struck)


def test_the_careless_are_caught_and_shrunk(tmp_path: Path) -> None:
    """The lost check is found, told in few lines, and needs a few choices only."""
    told = simulate.simulate(asked("jar"), silent, tmp_path)
    assert (told.verdict, told.exit_code, told.accused) == ("violated", 1, ["no_overspend"])
    assert told.choices is not None and 1 <= told.choices <= 4
    assert any("goes first" in line or "⚡" in line for line in told.story)
    assert any("no_overspend is violated" in line for line in told.story)


def test_what_does_not_count_is_left_out() -> None:
    """Of schedules accused of nothing that counts none is told, nor judged with the others."""
    judged: list[int] = []

    def nothing(_plan: Plan, played: Played, _accused: list[str]) -> list[str]:
        judged.append(len(played.rows["opens"]))
        return []

    with stand(careless := world(careful=False), "embedded") as deployment:
        seen = explore(careless, deployment, Search(seed=3, schedules=200, faults=ALL), beyond=nothing)
    assert judged and min(judged) > 2
    assert (seen.schedules, seen.violations, seen.found) == (200, 0, [])
    assert seen.verdicts["no_overspend"].verdict == "holds"
    assert seen.verdicts["no_overspend"].examined == 200 - len(judged)


# Schedules of the reference without its reconciliation of vouchers: planting is for good, so in a process of its own.
_BESIDE = """
import sys
from harness import plugins, simulate
from harness.simulation.explore import Search, schedules
from harness.simulation.faults import FAULTS
from harness.simulation.judging import accused
from harness.simulation.stand import stand

if __name__ == "__main__":
    faults, credit = frozenset(FAULTS), plugins.worlds()["credit"]
    asked = simulate.Asked(world="credit", schedules=1, faults=faults, seed=2, mutant="credit_without_key")
    with simulate._beyond(asked) as beyond, stand(credit, "embedded", sys.argv[1]) as deployment:
        for number, plan, _, played in schedules(credit, deployment, Search(2, 60, faults)):
            raised = accused(played, credit.claims)
            if raised:
                print(number, beyond(plan, played, [*raised, "something_else"]), raised)
"""


@pytest.mark.parametrize(("planted", "counts"), [("lost_stream_write", False), ("credit_without_key", True)])
def test_what_stands_beside_a_bug_is_not_its_own(tmp_path: Path, planted: str, counts: bool) -> None:
    """Of what is raised without the bug as well nothing counts, of what is raised with it alone something does."""
    (tmp_path / "beside.py").write_text(_BESIDE)
    command = [sys.executable, str(tmp_path / "beside.py"), planted]
    told = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout.splitlines()
    own = [line for line in told if "['something_else']" not in line]
    assert told and bool(own) == counts


_BROKEN_OFF = """
from harness import plugins
from harness.simulation.explore import Search, explore
from harness.simulation.stand import stand

repair = plugins.worlds()["cache_repair"]
with stand(repair, "embedded", "cache_never_reconciled") as deployment:
    for seed, faults, first in ((1, (), 32), (2, ("crash",), 80)):
        search = Search(seed, 16, frozenset(faults), ("pct", "uniform"), first)
        print(explore(repair, deployment, search).violations)
"""


def test_without_crashes_nobody_is_broken_off() -> None:
    """Where nothing makes up for what a process that dies leaves undone, it is seen with crashes only: the end of a
    schedule is none, unless crashes were asked for."""
    told = subprocess.run([sys.executable, "-c", _BROKEN_OFF], capture_output=True, text=True, timeout=120, check=True)
    calm, deadly = map(int, told.stdout.split())
    assert calm == 0 < deadly


def test_a_case_replays_and_its_test_fails_until_the_bug_is_fixed(tmp_path: Path) -> None:
    """The same trace every time; the written pytest file fails on the bug and passes once it is gone."""
    told = simulate.simulate(asked("jar"), silent, tmp_path)
    first, second = simulate.replay(Path(told.case)), simulate.replay(Path(told.case).parent, trace=True)
    assert first.violated and first.same and second.same and first.story == second.story == told.story
    assert any("INSERT INTO taken" in line for line in second.trace)
    (test,) = Path(told.case).parent.glob("test_*.py")
    conftest = "import jar; from harness import plugins; plugins.worlds = jar.{name}\n"
    outcomes = []
    for name in ("catalogue", "mended"):
        (test.parent / "conftest.py").write_text(conftest.format(name=name))
        words = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-c", "/dev/null", str(test)]
        here = str(Path(__file__).parent)
        done = subprocess.run(words, capture_output=True, text=True, cwd=test.parent, env={"PYTHONPATH": here})
        outcomes.append(done.returncode)
    assert outcomes == [1, 0], done.stdout


def test_schedules_that_show_nothing_prove_nothing() -> None:
    """Where a claimed invariant saw nothing the answer is unknown, not holds."""
    nobody = msgspec.structs.replace(world(careful=True), plan=lambda random: Plan(()))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plugins, "worlds", lambda: {"nobody": nobody})
        told = simulate.simulate(asked("nobody", schedules=5), silent)
    assert (told.verdict, told.exit_code) == ("unknown", 3), told
    assert any("saw nothing" in reason for reason in told.reasons)


def test_bad_input_is_one_line() -> None:
    """Unknown worlds and faults name the nearest; a file that is no case says what is wrong."""
    with pytest.raises(ConfigError, match="did you mean 'jar'"):
        simulate.simulate(asked("jarr"), silent)
    with pytest.raises(ConfigError, match="did you mean 'crash'"):
        simulate.parse_faults("fail,crsh")
    assert simulate.parse_faults("all") == ALL and simulate.parse_faults("none") == frozenset()
    with pytest.raises(ConfigError, match="no case file"):
        simulate.replay(Path(__file__))
