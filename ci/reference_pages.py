"""The pages that are made from the reference implementation's tables: switches, metrics, alarms, mechanisms."""

import ast
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from reference_impl.mechanisms import MECHANISMS
from reference_impl.mutants import catalogue
from reference_impl.resilience.alarms import ALARMS
from reference_impl.resilience.counts import METRICS
from reference_impl.resilience.exporter import OTHERS, PREFIX
from reference_impl.resilience.gauges import GAUGES
from reference_impl.resilience.switches import DIALS, SWITCHES

ROOT: Final = Path(__file__).resolve().parents[1]
CODE: Final = ROOT / "reference_impl"
TESTS: Final = ROOT / "tests"


def switches_page() -> str:
    """Everything that operators can set."""
    switches = [
        (f"`{name}`", each.dependency, each.strength, each.effect, _names(each.excludes), _names(each.brings))
        for name, each in SWITCHES.items()
    ]
    dials = [
        (f"`{name}`", each.default, f"{each.least} to {each.most}", each.unit, each.effect)
        for name, each in DIALS.items()
    ]
    return _page(
        "Switches and dials",
        "reference_impl/resilience/switches.py",
        'Set while the system runs by `POST /v1/admin/controls/NAME` with `{"value": N}`, in force in every process',
        "within a second, audited in `GET /v1/admin/changes`. A switch is off (0) until it is set to 1. Of those that",
        "exclude each other the one further down wins. Strong: without what it stands for money does not move.",
        "",
        *_table(("switch", "stands for", "strength", "effect when on", "puts out of force", "brings along"), switches),
        "",
        *_table(("dial", "default", "values", "unit", "effect"), dials),
    )


def metrics_page() -> str:
    """Everything that a process tells Prometheus."""
    rows = [(f"`{PREFIX}{name}`", "gauge", _names(gauge.labels), gauge.meaning) for name, gauge in GAUGES.items()]
    for name, metric in METRICS.items():
        ending = "_total" if metric.kind == "counter" else ""
        rows.append((f"`{PREFIX}{name}{ending}`", metric.kind, _names(metric.labels), metric.meaning))
    rows += [(f"`{PREFIX}{name}`", kind, _names(labels), text) for name, (kind, labels, text) in OTHERS.items()]
    return _page(
        "Metrics",
        "the tables in `reference_impl/resilience/`",
        "Every process answers `GET /v1/metrics`: the API at its own port, others at the port in `{data}/ports/ROLE`.",
        "Counters are of the process and start with it; gauges are read when they are asked for.",
        "",
        *_table(("metric", "kind", "labels", "meaning"), sorted(rows)),
    )


def alarms_page() -> str:
    """When somebody is woken."""
    lines: list[str] = []
    for name, alarm in ALARMS.items():
        held = f"after {alarm.for_s} s" if alarm.for_s else "at once"
        lines += ["", f"## {name}", "", f"{_sentence(alarm.meaning)} Fires {held}:", "", "```", alarm.expression, "```"]
        lines += ["", alarm.what_to_do]
    return _page(
        "Alarms",
        "reference_impl/resilience/alarms.py",
        "Expressions are Prometheus's, over [metrics](metrics.md).",
        *lines,
    )


def mechanisms_page() -> str:
    """Every mechanism that is built, with its code, tests, invariants and mutants."""
    rows = [
        (
            row,
            each.title,
            _lines(files_of(row)),
            _lines(tests_of(row)),
            _lines(each.invariants),
            _lines(mutants_of(row)),
        )
        for row, each in MECHANISMS.items()
    ]
    return _page(
        "Mechanisms",
        "reference_impl/mechanisms.py",
        "Code below `reference_impl/`, tests below `tests/` (`pytest -k w06` runs those of a row), mutants by name.",
        "",
        *_table(("row", "what", "code", "tests", "invariants", "mutants"), rows),
    )


def files_of(row: str) -> list[str]:
    """Those of the table, and those whose first docstring names the row."""
    found = (path for path in CODE.rglob("*.py") if "mutants" not in path.parts and row in _docstring(path))
    return sorted({*MECHANISMS[row].files, *(str(path.relative_to(CODE)) for path in found)})


def tests_of(row: str) -> list[str]:
    """Test files with the row's id in their own name, or in a test's."""
    own, test = re.compile(rf"_{row.lower()}(?=[_.])"), re.compile(rf"def test_(\w+_)?{row.lower()}_")
    found = (path for path in TESTS.rglob("test_*.py") if own.search(path.name) or test.search(path.read_text("utf-8")))
    return sorted(str(path.relative_to(TESTS)) for path in found)


def mutants_of(row: str) -> list[str]:
    return sorted(name for name, mutant in catalogue().items() if mutant.row == row)


def _docstring(path: Path) -> str:
    return ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""


def _page(title: str, source: str, *lines: str) -> str:
    made = source if " " in source else f"`{source}`"
    return "\n".join([f"# {title}", "", f"Generated from {made} by `make docs`.", "", *lines, ""])


def _table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> list[str]:
    lines = [f"| {' | '.join(map(str, row))} |" for row in rows]
    return [f"| {' | '.join(head)} |", "|---" * len(head) + "|", *lines]


def _names(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _lines(names: Iterable[str]) -> str:
    return "<br>".join(names)


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."
