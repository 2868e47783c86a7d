"""The folders that runs leave."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from harness import rundir
from harness.config import ConfigError


def test_folders_of_one_moment_differ_and_latest_is_always_there(tmp_path: Path) -> None:
    """Runs that start together get a folder each; `latest` names one of them at every moment."""
    with ThreadPoolExecutor(8) as pool:
        folders = list(pool.map(lambda _: rundir._fresh(tmp_path / "night"), range(200)))
    assert len(set(folders)) == 200
    first = rundir.create("night", tmp_path)
    assert (tmp_path / "latest").resolve() == first.resolve()
    second = rundir.create("night", tmp_path)
    assert second != first
    assert (tmp_path / "latest").resolve() == second.resolve()
    assert not (tmp_path / "latest").readlink().is_absolute()  # the folder may be moved or copied


def test_record_is_read_back_and_resolved(tmp_path: Path) -> None:
    """run.json says what a run was; the run is found by path, by `latest` and by its name below the root."""
    folder = rundir.create("night", tmp_path)
    with pytest.raises(ConfigError, match="no run is here"):
        rundir.resolve("latest", tmp_path)
    written = rundir.record(folder, "night", 7, ["run", "night"], {"people": 5}, servers=False)
    assert rundir.read_record(folder) == written
    assert written.versions["python"].startswith("3.")
    assert {"rainproof", "locust", "duckdb"} <= set(written.versions)
    for name in (str(folder), str(tmp_path / "latest"), "latest", f"night/{folder.name}"):
        assert rundir.resolve(name, tmp_path) == folder.resolve()


@pytest.mark.parametrize("content", [b"{", b"[]", b'{"seed": 1}', b"\xff"])
def test_broken_record_is_one_line(tmp_path: Path, content: bytes) -> None:
    """A run.json that is cut off or is something else is named, not a traceback."""
    (tmp_path / "run.json").write_bytes(content)
    with pytest.raises(ConfigError, match="is not the record of a run"):
        rundir.read_record(tmp_path)


def test_no_room_for_runs_is_one_line(tmp_path: Path) -> None:
    """A root that is a file, or that we may not write to, is one line and no traceback."""
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="no run folder can be made here: Not a directory"):
        rundir.create("night", tmp_path / "file")
    program = f"""
import os, sys
from pathlib import Path
from harness import rundir
from harness.config import ConfigError
if os.geteuid() == 0:
    os.setuid(65534)
try:
    rundir.create("night", Path({str(tmp_path / "closed")!r}))
except ConfigError as error:
    print(error)
"""
    (tmp_path / "closed").mkdir(mode=0o555)
    for parent in (tmp_path, *tmp_path.parents):
        if parent.stat().st_uid == os.geteuid() and parent.is_relative_to(Path("/tmp")) and parent != Path("/tmp"):
            parent.chmod(0o755)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "Permission denied" in done.stdout
    assert done.stdout.count("\n") == 1
