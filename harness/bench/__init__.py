"""Benchmarks of the harness itself: side by side or against a figure to reach, in one run."""

from collections.abc import Callable, Mapping
from typing import Any


def catalogue() -> dict[str, Callable[[Mapping[str, Any]], dict[str, Any]]]:
    """Benchmarks by name; each takes the command's options and gives what `bench --json` prints."""
    from harness.bench.checker import checker
    from harness.bench.client import client
    from harness.bench.connections import connections
    from harness.bench.herd import herd
    from harness.bench.open_model import open_model

    return {
        "checker": checker,
        "client": client,
        "connections": connections,
        "herd": herd,
        "open-model": open_model,
    }
