"""The commands simulate and replay, as processes."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from tests.harness.command import left_running, rainproof, started


def folders(owners: set[int]) -> set[str]:
    """What these processes stand on, in memory or where temporary files go."""
    everything = {path.name for place in ("/dev/shm", "/tmp") for path in Path(place).glob("rainproof-stand-*")}
    return {name for name in everything if int(name.split("-")[2]) in owners}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_nothing_is_left_running(tmp_path: Path, number: signal.Signals) -> None:
    """However a simulation on two processes ends, no process of it goes on, and what it stood on is gone."""
    with started(tmp_path, "simulate", "group_grab", "--schedules", "100000", "--jobs", "2") as (process, mark):
        until, owners = time.monotonic() + 60, {process.pid}
        while len(folders(owners)) < 2 and time.monotonic() < until:
            time.sleep(0.05)
            owners |= {child.pid for child in psutil.Process(process.pid).children(recursive=True)}
        assert len(folders(owners)) == 2 and len(left_running(mark)) >= 3
        process.send_signal(number)
        assert process.wait(30) in (130, -9)
        until = time.monotonic() + 20
        while (left_running(mark) or folders(owners)) and time.monotonic() < until:
            time.sleep(0.05)
        assert (left_running(mark), folders(owners)) == ([], set())


TOLD_TWICE = """
import os, signal
from harness.beside import end_tidily
end_tidily()
try:
    os.kill(os.getpid(), signal.SIGTERM)
finally:
    os.kill(os.getpid(), signal.SIGTERM)
    print("cleared away")
"""


def test_who_is_told_twice_to_end_clears_away() -> None:
    """A second signal while a process clears away what it stands on does not keep it from doing so."""
    ended = subprocess.run([sys.executable, "-c", TOLD_TWICE], capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode, ended.stdout) == (128 + signal.SIGTERM, "cleared away\n")


def test_bad_words_are_one_line(tmp_path: Path) -> None:
    """What the user got wrong is said in one line, with what to do, and nothing is done."""
    assert "did you mean 'group_grab'" in rainproof(tmp_path, "simulate", "group_gra").complaint
    assert "did you mean 'crash'" in rainproof(tmp_path, "simulate", "group_grab", "--faults", "crsh").complaint
    assert "no invariant" in rainproof(tmp_path, "simulate", "group_grab", "--until", "no_overspnd").complaint
    assert "name a case.json" in rainproof(tmp_path, "replay", "nowhere").complaint
    assert list(tmp_path.iterdir()) == []
