"""Target files written for a test, and a small real server to be one."""

import socket
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.target import Target, load_target

SERVER = Path(__file__).with_name("small_server.py")


@pytest.fixture
def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def target_of(tmp_path: Path, free_port: int) -> Callable[..., Target]:
    """A target from the text of its file; a [target] at a free port is put before it."""

    def load(text: str = "", shared: str = "", **variables: str) -> Target:
        path = tmp_path / "target.toml"
        path.write_text(f'[target]\nbase_url = "http://127.0.0.1:{{port}}"\n{shared}\n{text}\n')
        known = {"port": str(free_port), "python": sys.executable, "server": str(SERVER), "data": str(tmp_path)}
        return load_target(path, known | variables)

    return load
