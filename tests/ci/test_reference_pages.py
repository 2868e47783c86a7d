"""What the generated pages are made from is true: files, tests, invariants and metrics that are named are there."""

import re
import runpy
from pathlib import Path
from typing import Any

import pytest

from invariants.registry import INVARIANTS
from reference_impl.mechanisms import MECHANISMS
from reference_impl.mutants import catalogue
from reference_impl.resilience.alarms import ALARMS
from reference_impl.resilience.counts import METRICS
from reference_impl.resilience.exporter import OTHERS, PREFIX
from reference_impl.resilience.gauges import GAUGES
from reference_impl.resilience.switches import NAMES

ROOT = Path(__file__).parents[2]
PAGES: dict[str, Any] = runpy.run_path(str(ROOT / "ci" / "reference_pages.py"))


def test_the_rows_are_all_there() -> None:
    """The group packet has 23 mechanisms; they and the festival wallet's stand in order."""
    assert [row for row in MECHANISMS if row[0] == "W"] == [f"W{number:02d}" for number in range(1, 24)]
    assert list(MECHANISMS) == sorted(MECHANISMS, key=lambda row: (row[0] != "W", row))


@pytest.mark.parametrize("row", MECHANISMS)
def test_a_mechanism_is_built(row: str) -> None:
    """Its code and its invariants exist, and tests are named after it."""
    missing = [file for file in MECHANISMS[row].files if not (ROOT / "reference_impl" / file).is_file()]
    missing += [f"invariant {name}" for name in MECHANISMS[row].invariants if name not in INVARIANTS]
    missing += [] if PAGES["tests_of"](row) else [f"a test named test_{row.lower()}_…"]
    assert missing == []


@pytest.mark.parametrize("name", sorted(catalogue()))
def test_a_mutant_breaks_a_mechanism(name: str) -> None:
    """Every mutant says which row it breaks."""
    row = catalogue()[name].row
    assert row in MECHANISMS or re.fullmatch(r"B(0[1-9]|1\d|2[0-4])", row)


def test_what_a_docstring_names_is_found() -> None:
    """Files and tests of a row are found by its id, and by no longer id that begins with it."""
    assert "packets/crediting.py" in PAGES["files_of"]("W06")
    assert "reference_impl/contracts/test_w06_credit.py" in PAGES["tests_of"]("W06")
    assert "reference_impl/contracts/test_w07_details_w12_grab.py" in PAGES["tests_of"]("W12")
    assert not any("w05" in file for file in PAGES["tests_of"]("W06"))


@pytest.mark.parametrize("name", ALARMS)
def test_an_alarm_speaks_of_metrics_that_exist(name: str) -> None:
    """With labels that these have; advice names switches that exist."""
    ending = {"counter": "_total", "gauge": ""}
    known = {f"{PREFIX}{each}{ending[metric.kind]}": metric.labels for each, metric in METRICS.items()}
    known |= {f"{PREFIX}{each}": gauge.labels for each, gauge in GAUGES.items()}
    known |= {f"{PREFIX}{each}{end}": labels for each, (_, labels, _) in OTHERS.items() for end in ("", "_bucket")}
    used = re.findall(rf"({PREFIX}\w+)(?:{{([^}}]*)}})?", ALARMS[name].expression)
    assert used
    for metric, matchers in used:
        assert metric in known
        assert set(re.findall(r'(\w+)="', matchers)) <= set(known[metric])
    words = set(re.findall(r"`(\w+)`", ALARMS[name].what_to_do))
    assert words <= {*NAMES, *ALARMS, *METRICS, *GAUGES, *OTHERS, "pay", "unavailable"}


@pytest.mark.parametrize("page", ["switches_page", "metrics_page", "alarms_page", "mechanisms_page"])
def test_tables_are_whole(page: str) -> None:
    """Every line of a table has as many cells as its head: no text breaks out of its cell."""
    cells: int | None = None
    for line in PAGES[page]().splitlines():
        counted = len(re.findall(r"(?<!\\)\|", line)) if line.startswith("|") else None
        assert cells is None or counted is None or counted == cells, line
        cells = counted
