"""`rainproof drill NAME`: exit 0 only where every row passes, one object with --json, a table otherwise."""

import io
import json
from pathlib import Path

from rich.console import Console

from harness.report import drills
from tests.harness.command import rainproof


def test_a_drill_that_passes(tmp_path: Path) -> None:
    """One JSON object on standard output, exit 0."""
    done = rainproof(tmp_path, "drill", "alarms", "--only", "dead_letters", "--json")
    told = json.loads(done.out)
    assert (done.code, told["passed"], told["total"]) == (0, 1, 1)
    assert told["rows"][0]["name"] == "dead_letters"


def test_what_is_unknown_is_a_usage_error(tmp_path: Path) -> None:
    """A drill, and a row of one; the nearest name is told."""
    for words in (("drill", "alarm"), ("drill", "alarms", "--only", "dead_leters")):
        done = rainproof(tmp_path, *words)
        assert done.code == 2 and words[-1] in done.complaint


def test_the_table_and_the_conclusion() -> None:
    """What failed says why below the table."""
    rows = [
        {"name": "one", "passed": True, "on_ms": 1200, "effect_ms": None, "why": "", "felt": {}},
        {"name": "two", "passed": False, "on_ms": 5, "effect_ms": 6, "why": "too late", "felt": {}},
    ]
    told = {"drill": "some", "passed": 1, "total": 2, "rows": rows}
    console = Console(width=100, file=io.StringIO(), record=True)
    console.print(drills.table(told))
    shown = console.export_text()
    assert "1,200" in shown and "yes" in shown and "why" not in shown and "felt" not in shown
    assert drills.conclusion(told) == "1 of 2 passed\n  two: too late"
