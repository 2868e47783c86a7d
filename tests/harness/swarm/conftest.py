"""Things of gevent run in processes of their own: pytest stays as it is."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def rude_port() -> Iterator[int]:
    """The port of a server with every bad manner."""
    with subprocess.Popen(
        [sys.executable, str(HERE / "rude_server.py")], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as server:
        assert server.stdout
        yield int(server.stdout.readline())
        server.kill()


@pytest.fixture(scope="session")
def drive(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Any]:
    """drive("script.py", *arguments): runs a script of this folder and reads the JSON it prints."""

    def run(script: str, *arguments: object, code: int = 0) -> Any:
        command = [sys.executable, str(HERE / script), *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == code, done.stderr
        return json.loads(done.stdout) if code == 0 else None

    return run
