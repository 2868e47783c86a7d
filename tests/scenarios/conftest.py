"""A system to play against."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def model_port() -> Iterator[int]:
    """The port of a system to play against."""
    script = Path(__file__).with_name("model_server.py")
    with subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE) as server:
        assert server.stdout
        yield int(server.stdout.readline())
        server.kill()
