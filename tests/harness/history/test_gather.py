"""Histories handed in and fetched: what ended is there whole, what lives is left alone."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import fsspec
import pytest

from harness.config import ConfigError
from harness.history import Journal, collect
from harness.history.gather import hold, pull, push, push_record
from harness.history.read import read_worker, workers
from harness.history.skew import Skew, read_skew, write_skew

WRITE = """
import sys, time
from pathlib import Path
from harness.history import Journal
from harness.history.gather import hold
folder = Path(sys.argv[1])
alive = hold(folder, "dead")
journal = Journal.create(folder, "dead", ["look"], segment_records=16, strings_bytes=4096)
for n in range(40):
    journal.begin("look", n, None, f"key-{n}", None, n, False)
print("written", flush=True)
time.sleep(60)
"""


@pytest.fixture(params=["file", "memory", "local"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A place of each kind."""
    return f"memory://{tmp_path.name}" if request.param == "memory" else f"{request.param}://{tmp_path}/there/eve"


def write(folder: Path, worker: str, operations: int) -> None:
    journal = Journal.create(folder, worker, ["look"], segment_records=16, strings_bytes=4096)
    for n in range(operations):
        journal.complete(journal.begin("look", n, None, f"{worker}-{n}", None, n, False), "ok", None)
    journal.close()


def two(tmp_path: Path) -> tuple[Path, Path]:
    """Folders of two machines."""
    here, there = tmp_path / "here", tmp_path / "fetched"
    here.mkdir()
    there.mkdir()
    return here, there


def test_what_ended_is_handed_in(url: str, tmp_path: Path) -> None:
    """A worker that ended is copied with its clock's note, once; one that lives is not; fetched, it reads the same."""
    here, there = two(tmp_path)
    ended, living = hold(here, "w0.0"), hold(here, "w1.1")
    write(here, "w0.0", 40)
    write(here, "w1.1", 3)
    write_skew(here, "w0.0", Skew(5, 2))
    ended.close()
    assert push(here, url) == ["w0.0"]
    assert push(here, url) == []
    assert pull(url, there) == len(list(there.iterdir())) > 3
    assert pull(url, there) == 0
    assert list(workers(there)) == ["w0.0"]
    assert collect(there, tmp_path / "parquet").issued == 40
    assert read_skew(there, "w0.0") == Skew(5, 2)
    living.close()
    assert push(here, url) == ["w1.1"]


def test_what_a_killed_worker_left_is_handed_in(tmp_path: Path) -> None:
    """kill -9 lets go of the note: whoever ends next on the machine hands in every record that was begun."""
    here, there = two(tmp_path)
    with subprocess.Popen([sys.executable, "-c", WRITE, str(here)], stdout=subprocess.PIPE) as writer:
        assert writer.stdout
        assert writer.stdout.readline() == b"written\n"
        assert push(here, f"file://{there}") == []
        os.kill(writer.pid, signal.SIGKILL)
    assert push(here, f"file://{there}") == ["dead"]
    assert collect(there / "history", tmp_path / "parquet").issued == 40


def test_the_record_goes_with_it(tmp_path: Path) -> None:
    """run.json and its like stand at the URL itself: what is there is a run's folder."""
    here, there = two(tmp_path)
    (here / "run.json").write_text("{}")
    push_record(here, f"file://{there}")
    assert [path.name for path in there.iterdir()] == ["run.json"]


def test_the_same_from_a_command_line(tmp_path: Path) -> None:
    """As workers call it."""
    here, there = two(tmp_path)
    hold(here, "w0.0").close()
    write(here, "w0.0", 1)
    subprocess.run([sys.executable, "-m", "harness.history.gather", "push", here, f"file://{there}"], check=True)
    assert fsspec.filesystem("file").exists(f"{there}/history/w0.0-0000.journal")


def test_a_place_that_nobody_knows_is_one_line(tmp_path: Path) -> None:
    """The URL is named."""
    with pytest.raises(ConfigError, match="nowhere://x: histories cannot be kept here"):
        pull("nowhere://x", tmp_path)


def test_moments_are_brought_to_the_runs_clock(tmp_path: Path) -> None:
    """Offsets are taken off all three moments, the error is the larger of the two, and a time that took stays."""
    journal = Journal.create(tmp_path, "w", ["look"], clock_error_ns=3, segment_records=16, strings_bytes=4096)
    journal.complete(journal.begin("look", 1, None, None, None, 1000, False), "ok", None)
    journal.begin("look", 1, None, None, None, 2000, False)
    journal.close()
    (plain,) = read_worker(tmp_path, "w", workers(tmp_path)["w"])
    write_skew(tmp_path, "w", Skew(400, 7))
    (moved,) = read_worker(tmp_path, "w", workers(tmp_path)["w"])
    for name in ("intended_ns", "sent_ns", "done_ns"):
        before, after = plain.column(name).to_pylist(), moved.column(name).to_pylist()
        assert [None if was is None else was - 400 for was in before] == after
    assert moved.column("done_ns").to_pylist()[1] is None
    assert (plain.column("clock_error_ns").to_pylist(), moved.column("clock_error_ns").to_pylist()) == (
        [3] * 2,
        [7] * 2,
    )
