"""Starting a target for a run: real processes, and nothing of them left on any way out."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from harness.config import ConfigError
from harness.target import Target
from harness.target.fetch import fetch
from harness.target.launch import Launched, launch

TargetOf = Callable[..., Target]


def start_table(*words: str, timeout_s: float = 20, stop_s: float = 0.5) -> str:
    command = ", ".join(f'"{word}"' for word in ("{python}", "{server}", "{port}", *words))
    return f"""[start]
command = [{command}]
ready = "/ready"
timeout_s = {timeout_s}
stop_s = {stop_s}
folder = "{{data}}"
"""


def is_gone(pid: int) -> bool:
    """No such process, or one that ended and waits to be collected by its parent."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def wait_until(true: Callable[[], bool], seconds: float = 10.0) -> bool:
    deadline = time.monotonic() + seconds
    while not true() and time.monotonic() < deadline:
        time.sleep(0.02)
    return true()


def test_target_is_up_for_the_block_and_gone_after(target_of: TargetOf, tmp_path: Path) -> None:
    """Inside the block the target answers and its output is in the log; after it nothing listens any more."""
    target = target_of(start_table())
    with launch(target, tmp_path / "logs") as running:
        assert running is not None
        pid = running.pid
        assert pid is not None
        assert "small_server.py" in " ".join(psutil.Process(pid).cmdline())
        assert fetch(target, "/ready", 5)[0] == 200
    assert is_gone(pid)
    assert running.pid is None
    assert (tmp_path / "logs" / "target.log").read_text() == "listening\n"


def test_nothing_is_left_after_an_exception(target_of: TargetOf, tmp_path: Path) -> None:
    """A block that fails, by Ctrl-C too, leaves no process either, and its exception goes on."""
    for raised in (ValueError, KeyboardInterrupt):
        with pytest.raises(raised), launch(target_of(start_table()), tmp_path) as running:
            assert running is not None
            pid = running.pid
            raise raised
        assert pid is not None
        assert is_gone(pid)


def test_deaf_and_scattered_processes_are_ended(target_of: TargetOf, tmp_path: Path) -> None:
    """Who ignores SIGTERM is killed, as are children and daemons in sessions of their own."""
    with launch(target_of(start_table("family")), tmp_path):
        family = [int(pid) for pid in (tmp_path / "family").read_text().split()]
        assert len(family) == 3
        assert not any(map(is_gone, family))
    assert all(map(is_gone, family))
    with launch(target_of(start_table("deaf")), tmp_path) as running:
        assert running is not None
        pid = running.pid
        assert pid is not None
    assert is_gone(pid)


def test_killed_harness_leaves_nothing(target_of: TargetOf, tmp_path: Path) -> None:
    """`kill -9` of the process that launched: the target, its children and its daemons are gone soon after."""
    target = target_of(start_table("family"))
    program = f"""
import time
from pathlib import Path
from harness.target import load_target
from harness.target.launch import launch
variables = {{"port": "{target.port}", "python": {sys.executable!r}, "server": {target.start.command[1]!r}, "data": {str(tmp_path)!r}}}
with launch(load_target({str(target.path)!r}, variables), Path({str(tmp_path)!r})):
    print("up", flush=True)
    time.sleep(600)
"""  # noqa: E501
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as harness:
        assert harness.stdout is not None
        assert harness.stdout.readline() == "up\n"
        family = [int(pid) for pid in (tmp_path / "family").read_text().split()]
        assert not any(map(is_gone, family))
        harness.kill()
    assert wait_until(lambda: all(map(is_gone, family)))


def test_launching_thread_may_end(target_of: TargetOf, tmp_path: Path) -> None:
    """A target started from a thread outlives the thread: only the process counts."""
    target = target_of(start_table())
    assert target.start is not None
    launched = Launched(target, target.start, tmp_path / "target.log")
    try:
        thread = threading.Thread(target=launched.start)
        thread.start()
        thread.join()
        time.sleep(0.5)
        assert fetch(target, "/ready", 5)[0] == 200
    finally:
        launched.stop()


def test_killed_target_can_be_started_again(target_of: TargetOf, tmp_path: Path) -> None:
    """A kill is at once, and the same target comes back with a new process, its log going on."""
    with launch(target_of(start_table("family", stop_s=30)), tmp_path) as running:
        assert running is not None
        first = running.pid
        family = [int(pid) for pid in (tmp_path / "family").read_text().split()]
        began = time.monotonic()
        running.kill()
        assert time.monotonic() - began < 5
        assert all(map(is_gone, family))
        assert running.pid is None
        running.start()
        assert running.pid not in (None, first)
        running.kill()
    assert (tmp_path / "target.log").read_text() == "listening\n" * 2


def test_process_that_somebody_else_killed_is_noticed(target_of: TargetOf, tmp_path: Path) -> None:
    """`kill -9` of the target itself, as a fault does, takes its orphans along."""
    with launch(target_of(start_table("family")), tmp_path) as running:
        assert running is not None
        family = [int(pid) for pid in (tmp_path / "family").read_text().split()]
        os.kill(family[0], signal.SIGKILL)
        assert wait_until(lambda: running.pid is None)
        assert all(map(is_gone, family))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("dies",), "ended with status 9 before it was ready: the disk is not mine (log: "),
        (("slow",), "was not ready within 1 s (/ready: status 503): listening (log: "),
    ],
)
def test_target_that_does_not_come_up(target_of: TargetOf, tmp_path: Path, words: tuple[str], said: str) -> None:
    """A target that dies or is never ready is one line with its last words, and leaves nothing."""
    target = target_of(start_table(*words, timeout_s=20 if words == ("dies",) else 1))
    with pytest.raises(ConfigError) as caught, launch(target, tmp_path):
        pass
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
    with pytest.raises(OSError), socket.create_connection((target.host, target.port), timeout=1):
        pass


def test_command_that_does_not_exist(target_of: TargetOf, tmp_path: Path) -> None:
    """A program nobody has is named, as is a folder that is not there."""
    with (
        pytest.raises(ConfigError, match=r"cannot start /no/such: No such file"),
        launch(target_of('[start]\ncommand = ["/no/such"]'), tmp_path),
    ):
        pass
    with (
        pytest.raises(ConfigError, match=r"\[start\] folder: No such file or directory"),
        launch(target_of('[start]\ncommand = ["true"]\nfolder = "/no/such"'), tmp_path),
    ):
        pass


def test_taken_port_is_refused_before_anything_starts(target_of: TargetOf, tmp_path: Path) -> None:
    """Somebody else at the target's address is never taken for the target."""
    target = target_of(start_table())
    with (
        socket.create_server(("127.0.0.1", target.port)),
        pytest.raises(ConfigError, match=f"port {target.port} on 127.0.0.1 is taken"),
        launch(target, tmp_path),
    ):
        pass
    assert not (tmp_path / "target.log").exists()


def test_target_that_is_there_already(target_of: TargetOf, tmp_path: Path) -> None:
    """Without [start] the target must answer: silence is one line, any HTTP answer will do."""
    with (
        pytest.raises(ConfigError, match=r"does not answer \(Connection refused\): start it"),
        launch(target_of(), tmp_path),
    ):
        pass
    with launch(target_of(start_table()), tmp_path), launch(target_of(), tmp_path) as running:
        assert running is None


def test_base_url_that_answers_no_http(target_of: TargetOf, tmp_path: Path) -> None:
    """A port that accepts and closes is no target."""
    target = target_of()
    with socket.create_server(("127.0.0.1", target.port)) as server:
        threading.Thread(target=lambda: server.accept()[0].close()).start()
        with pytest.raises(ConfigError, match="does not answer"), launch(target, tmp_path):
            pass
