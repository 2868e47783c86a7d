"""A scenario of one's own, through Locust: it ends by itself, and its bugs end it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCENARIO = """
from harness.swarm.arrivals import Arrival
from harness.swarm.schedules import constant
from harness.swarm.users import ArrivalsUser


class Visitors(ArrivalsUser):
    def plan(self):
        self.offsets_ns = constant(100, 0.5)

    def preparations(self):
        yield self.prepare

    def prepare(self):
        {prepare}

    def arrivals(self):
        {arrivals}
        return [Arrival(offset_ns, self.come) for offset_ns in self.offsets_ns]

    def come(self, due_ns):
        {come}
        self.worker.person(1, False, due_ns).ask("look")
"""
TARGET = """
[target]
base_url = "http://127.0.0.1:{port}"
[operation.look]
method = "GET"
path = "/whole"
ok = {{ status = [200] }}
"""


def play(folder: Path, port: int, **bugs: str) -> subprocess.CompletedProcess[str]:
    """Locust on a scenario that does `bugs` in the methods they name."""
    steps = {"prepare": "pass", "arrivals": "pass", "come": "pass"} | bugs
    (folder / "visitors.py").write_text(SCENARIO.format(**steps))
    (folder / "target.toml").write_text(TARGET.format(port=port))
    given = {"RAINPROOF_TARGET": str(folder / "target.toml"), "RAINPROOF_HISTORY": str(folder / "history")}
    command = [sys.executable, "-m", "locust", "-f", str(folder / "visitors.py"), "--headless"]
    return subprocess.run(
        command, env=os.environ | given, capture_output=True, text=True, timeout=30, check=False, cwd=folder
    )


def test_a_scenario_ends_by_itself(rude_port: int, tmp_path: Path) -> None:
    """When the schedule is played, Locust ends with 0 and has counted every arrival's request."""
    done = play(tmp_path, rude_port)
    assert done.returncode == 0, done.stderr
    counts = [line.split()[2] for line in done.stderr.splitlines() if line.startswith("GET") and "look" in line]
    assert counts[0] == "50"


@pytest.mark.parametrize("where", ["prepare", "arrivals", "come"])
def test_a_bug_in_a_scenario_ends_it(rude_port: int, tmp_path: Path, where: str) -> None:
    """Whatever a script raises is told, and the code says it was not the target."""
    done = play(tmp_path, rude_port, **{where: "raise ValueError('a bug of mine')"})
    assert done.returncode == 70, done.stderr
    assert "ValueError: a bug of mine" in done.stderr


def test_a_problem_to_mend_is_one_line(rude_port: int, tmp_path: Path) -> None:
    """A preparation that cannot be done for a reason that the user can mend ends the test with 2."""
    mend = "from harness.config import ConfigError; raise ConfigError('fund: no such account; create it')"
    done = play(tmp_path, rude_port, prepare=mend)
    assert done.returncode == 2, done.stderr
    assert "fund: no such account; create it" in done.stderr
