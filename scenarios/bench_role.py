"""A process of the reference implementation beside a benchmark."""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from harness import processes
from reference_impl.roles import SETTINGS_VARIABLE
from reference_impl.settings import Settings


@contextmanager
def role(settings: Settings, name: str) -> Iterator[int]:
    """A process of this role for the time of the block; its process id."""
    folder = Path(settings.data)
    (folder / "pids").mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, SETTINGS_VARIABLE: msgspec.json.encode([settings]).decode()}
    command = [sys.executable, "-m", "reference_impl", "role", name, str(os.getpid())]
    process = processes.start(command, folder / f"{name}.log", env=environment)
    try:
        yield process.pid
        if process.poll() is not None:
            raise RuntimeError(f"the {name} process ended: {processes.last_line(folder / f'{name}.log')}")
    finally:
        processes.stop(process)


def wait_for(port: int, process_starts_s: float = 20.0) -> None:
    ends = time.monotonic() + process_starts_s
    while processes.is_free(port):
        if time.monotonic() > ends:
            raise TimeoutError(f"nobody listens on port {port}")
        time.sleep(0.05)
