"""A system to play against, and Locust to play with."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import scenarios
from tests.scenarios.swarms import Start


@pytest.fixture
def model_port() -> Iterator[int]:
    """The port of a system to play against."""
    script = Path(__file__).with_name("model_server.py")
    with subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE) as server:
        assert server.stdout
        yield int(server.stdout.readline())
        server.kill()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """start(*options, scenario=…, **environment): a Locust process, gone after the test."""
    started = []

    def begin(*options: str, scenario: str = "group_grab", **environment: object) -> subprocess.Popen[str]:
        locust = [sys.executable, "-m", "locust", "-f", str(scenarios.catalogue()[scenario].locustfile), "--headless"]
        env = os.environ | {name: str(value) for name, value in environment.items()}
        process = subprocess.Popen(
            [*locust, *options], env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=tmp_path
        )
        started.append(process)
        return process

    yield begin
    for process in started:
        process.kill()
        process.communicate()
