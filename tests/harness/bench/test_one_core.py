"""One core for all who take part, threads that stand and threads to come, and only while it is asked for."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.bench.one_core import on_one_core

pytestmark = pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="cores can be chosen on Linux only")
_TWO_THREADS = "import threading; threading.Thread(target=input).start(); print(flush=True); input()"


@pytest.fixture
def server() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen([sys.executable, "-c", _TWO_THREADS], stdin=-1, stdout=-1, stderr=-3) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process
        process.kill()


def test_everybody_is_on_one_core(server: subprocess.Popen[bytes]) -> None:
    """All threads of a process that runs, and one that the caller starts within; afterwards the caller is free."""
    before, mine = os.sched_getaffinity(0), []
    with on_one_core([server.pid]):
        thread = threading.Thread(target=lambda: mine.append(os.sched_getaffinity(0)))
        thread.start()
        thread.join()
        theirs = [os.sched_getaffinity(int(task.name)) for task in Path(f"/proc/{server.pid}/task").iterdir()]
    assert len(theirs) == 2
    assert len({frozenset(cores) for cores in (*theirs, *mine)}) == 1 and len(mine[0]) == 1
    assert os.sched_getaffinity(0) == before
