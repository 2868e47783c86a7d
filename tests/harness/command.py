"""Running the `rainproof` command as a process, and finding what it may have left behind."""

import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

_MARK = "RAINPROOF_TEST_MARK"
COMMAND = [sys.executable, "-m", "harness.cli"]


class Said:
    """What a command said, and the processes that it left."""

    def __init__(self, code: int, out: str, err: str, left: list[str]) -> None:
        self.code, self.out, self.err, self.left = code, out, err, left

    @property
    def complaint(self) -> str:
        """The one line of an error; fails if there is another, or if anything else is not as bad input deserves."""
        lines = [line for line in self.err.splitlines() if line.startswith("rainproof: ")]
        assert (self.code, self.out, self.left, len(lines)) == (2, "", [], 1), vars(self)
        assert "Traceback" not in self.err
        return lines[0]


MERE_MORTAL = ("setpriv", "--bounding-set=-dac_override", "--inh-caps=-dac_override")
"""Words before a command that take from root what lets it write where nobody may."""


def rainproof(
    folder: Path, *arguments: str, timeout_s: float = 120, path: str | None = None, before: tuple[str, ...] = ()
) -> Said:
    """Runs the command in `folder` to its end."""
    with started(folder, *arguments, path=path, before=before) as (process, mark):
        out, err = process.communicate(timeout=timeout_s)
    return Said(process.returncode, out, err, left_running(mark))


@contextmanager
def started(
    folder: Path, *arguments: str, path: str | None = None, before: tuple[str, ...] = ()
) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    """The running command, and the mark that all its processes inherit."""
    mark = uuid.uuid4().hex
    env = os.environ | {_MARK: mark} | ({"PATH": path} if path else {})
    pipe = subprocess.PIPE
    process = subprocess.Popen(
        [*before, *COMMAND, *arguments], cwd=folder, env=env, stdout=pipe, stderr=pipe, text=True
    )
    try:
        yield process, mark
    finally:
        if process.poll() is None:
            process.kill()
        for stream in (process.stdout, process.stderr):
            if stream:
                stream.close()
        process.wait()


def left_running(mark: str) -> list[str]:
    """Command lines of processes that carry `mark`."""
    return [_line(process) for process in psutil.process_iter() if _mark(process) == mark]


def _mark(process: psutil.Process) -> str | None:
    try:
        return process.environ().get(_MARK)
    except psutil.Error:
        return None


def _line(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return "gone"
