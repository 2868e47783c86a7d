"""Faults: how they are said, and who is killed."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from harness import faults
from harness.config import ConfigError
from harness.faults import Site
from harness.target import load_target

TARGET = Path(__file__).parents[2] / "reference_impl" / "target.toml"


@pytest.fixture
def sleeper() -> Iterator["subprocess.Popen[bytes]"]:
    """A process to kill."""
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True)
    yield process
    process.kill()
    process.wait()


def site(folder: Path, *workers: "subprocess.Popen[bytes]") -> Site:
    """A target that was there already, with its data in `folder`, and a swarm's workers."""
    names = ("python", "port", "sql", "cache", "data", "backend", "options", "run")
    variables = dict.fromkeys(names, "") | {"port": "1", "data": str(folder)}
    return Site(load_target(TARGET, variables), None, None, workers)


def test_parse() -> None:
    """NAME=ARGUMENT@SECONDS."""
    planned = faults.parse("kill=credit@2.5")
    assert (planned.name, planned.argument, planned.at_s) == ("kill", "credit", 2.5)


@pytest.mark.parametrize("text", ["kill", "kill=credit", "kill@3", "=credit@3", "kill=credit@soon", "kill=credit@-1"])
def test_bad_form(text: str) -> None:
    """Anything else is told how to write it."""
    with pytest.raises(ConfigError, match="write NAME=ARGUMENT@SECONDS"):
        faults.parse(text)


def test_a_role_is_killed_by_its_pid_file(tmp_path: Path, sleeper: "subprocess.Popen[bytes]") -> None:
    """The process that a role's pid file names is killed, and no other."""
    (tmp_path / "pids").mkdir()
    (tmp_path / "pids" / "credit.pid").write_text(f"{sleeper.pid}\n")
    done = faults.act(faults.parse("kill=credit@0"), site(tmp_path))
    assert sleeper.wait(5) == -9
    assert done == f"killed credit ({sleeper.pid})"


def test_an_unknown_role_names_the_nearest(tmp_path: Path, sleeper: "subprocess.Popen[bytes]") -> None:
    """A role that the target does not have is an error, not a fault that did nothing."""
    (tmp_path / "pids").mkdir()
    (tmp_path / "pids" / "credit.pid").write_text(f"{sleeper.pid}\n")
    with pytest.raises(ConfigError, match="did you mean 'credit'"):
        faults.act(faults.parse("kill=credits@0"), site(tmp_path))
    assert sleeper.poll() is None


def test_a_worker_is_killed(tmp_path: Path, sleeper: "subprocess.Popen[bytes]") -> None:
    """`worker` is one of the swarm's that is still alive."""
    over = subprocess.Popen([sys.executable, "-c", ""])
    over.wait()
    faults.act(faults.parse("kill=worker@0"), site(tmp_path, over, sleeper))
    assert sleeper.poll() == -9
    with pytest.raises(ConfigError, match="no worker is alive"):
        faults.act(faults.parse("kill=worker@0"), site(tmp_path, over, sleeper))


def test_a_worker_is_killed_and_another_started(tmp_path: Path, sleeper: "subprocess.Popen[bytes]") -> None:
    """The swarm is asked for one more, once; what is no worker, and a run without a swarm, is told."""
    started = []

    def start_worker() -> "subprocess.Popen[bytes]":
        started.append(subprocess.Popen([sys.executable, "-c", ""]))
        return started[-1]

    planned = faults.parse("restart=worker@0")
    with pytest.raises(ConfigError, match="no swarm"):
        faults.act(planned, site(tmp_path, sleeper))
    with pytest.raises(ConfigError, match="nothing of that name"):
        faults.act(faults.parse("restart=target@0"), site(tmp_path, sleeper))
    done = faults.act(planned, msgspec.structs.replace(site(tmp_path, sleeper), start_worker=start_worker))
    assert sleeper.wait(5) == -9
    (other,) = started
    assert other.wait(5) == 0
    assert done == f"killed worker process {sleeper.pid}, started another ({other.pid})"


def test_a_target_of_others_is_not_killed(tmp_path: Path) -> None:
    """What this run did not start it does not kill."""
    with pytest.raises(ConfigError, match="did not start the target"):
        faults.act(faults.parse("kill=target@0"), site(tmp_path))
