"""docs/scenarios.md: its example is the file beside it and runs, and its tables name what there is."""

import inspect
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import duckdb
import pytest

import scenarios
from harness.history import collect
from harness.swarm import schedules

DOCS = Path(__file__).resolve().parents[2] / "docs"
EXAMPLE = DOCS / "examples" / "my_scenario.py"
PAGE = (DOCS / "scenarios.md").read_text(encoding="utf-8")


def test_the_page_shows_the_example() -> None:
    """The example stands in the page as it stands in its file, and is as short as promised."""
    ((name, text),) = re.findall(r"^```python\n# ([\w.]+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    assert (name, text) == (EXAMPLE.name, EXAMPLE.read_text(encoding="utf-8"))
    assert sum(bool(line.strip()) for line in text.splitlines()) <= 35


def test_the_page_names_every_schedule() -> None:
    """Each schedule stands in the table with its parameters, and nothing that is none."""
    section = PAGE[PAGE.index("## Who comes when") : PAGE.index("## What they do")]
    named = dict(re.findall(r"^\| `(\w+)\(([\w, ]*)\)` \|", section, re.MULTILINE))
    made = {
        name: inspect.signature(function)
        for name, function in inspect.getmembers(schedules, inspect.isfunction)
        if name != "split"
    }
    assert named == {
        name: ", ".join(signature.parameters)
        for name, signature in made.items()
        if signature.return_annotation == list[int]
    }


def test_the_page_names_every_scenario() -> None:
    """Each scenario of the catalogue stands in the table with its summary."""
    for scenario in scenarios.catalogue().values():
        assert f"| `{scenario.name}` | {scenario.summary} |" in PAGE


@pytest.mark.night
def test_the_example_runs(model_port: int, tmp_path: Path) -> None:
    """By hand, as the page says: everybody comes, the packet's twenty shares are opened, the others are told."""
    night = {"PORT": model_port, "PEOPLE": 90, "DURATION_S": 2, "TARGET": scenarios.catalogue()["group_grab"].target}
    env = {f"RAINPROOF_{name}": str(value) for name, value in (night | {"HISTORY": tmp_path / "history"}).items()}
    command = [sys.executable, "-m", "locust", "-f", str(EXAMPLE), "--headless"]
    done = subprocess.run(command, env=os.environ | env, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    collect(tmp_path / "history", tmp_path / "parquet")
    rows = duckdb.sql(f"SELECT operation, outcome, reason FROM '{tmp_path}/parquet/*/*.parquet'").fetchall()
    counts = Counter((operation, outcome) for operation, outcome, _ in rows)
    assert counts["open", "ok"] == 20
    assert counts["grab", "ok"] + counts["grab", "fail"] == 90
    assert {reason for operation, outcome, reason in rows if outcome != "ok"} == {"sold_out"}
