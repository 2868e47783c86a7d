"""Locust processes that play a night, and what they leave."""

import json
import subprocess
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import duckdb

import scenarios
from harness.history import collect
from harness.processes import free_port

Start = Callable[..., "subprocess.Popen[str]"]


def swarm_file(folder: Path, port: int, **more: object) -> Path:
    """A run's swarm.json."""
    (folder / "history").mkdir()
    (folder / "progress").mkdir()
    names = ("python", "sql", "cache", "data", "backend", "options", "run")
    tree = {
        "target": str(scenarios.catalogue()["group_grab"].target),
        "variables": {"port": str(port)} | dict.fromkeys(names, ""),
        "history": str(folder / "history"),
        "progress": str(folder / "progress"),
        "run": "night",
        **more,
    }
    path = folder / "swarm.json"
    path.write_text(json.dumps(tree))
    return path


def start_swarm(
    start: Start, settings: Path, workers: int, scenario: str = "group_grab"
) -> list[subprocess.Popen[str]]:
    """A master, and then its workers."""
    port = free_port()
    begin = partial(start, scenario=scenario, RAINPROOF_SWARM=settings)
    master = begin("--master", f"--master-bind-port={port}", f"--expect-workers={workers}", "--json")
    return [master, *(begin("--worker", f"--master-port={port}") for _ in range(workers))]


def history(folder: Path) -> duckdb.DuckDBPyConnection:
    """The run's history as a table."""
    collect(folder / "history", folder / "parquet")
    connection = duckdb.connect()
    connection.execute(f"CREATE VIEW history AS SELECT * FROM '{folder}/parquet/*/*.parquet'")
    return connection


def count(connection: duckdb.DuckDBPyConnection, question: str) -> int:
    ((answer,),) = connection.execute(f"SELECT COUNT(*) FROM {question}").fetchall()
    return int(answer)


def reports(folder: Path) -> list[dict[str, Any]]:
    """What the workers say of themselves at the end."""
    return [json.loads(path.read_text()) for path in sorted((folder / "history").glob("*.swarm.json"))]


def locust_total(output: str) -> int:
    """How many requests Locust's master counted."""
    entries = json.loads(output[output.index("[\n") : output.rindex("]") + 1])
    return sum(int(entry["num_requests"]) for entry in entries)


def wait_for_load(progress: Path, workers: int) -> None:
    """Until all workers are in the middle of it."""
    deadline_s = time.monotonic() + 30
    while time.monotonic() < deadline_s:
        told = [json.loads(path.read_text()) for path in progress.glob("[!.]*.json")]
        if sum(one["started"] > 0 for one in told) == workers:
            return
        time.sleep(0.1)
    raise AssertionError("the workers never began")
