"""Writes the generated pages, among them the track record. With --check, says whether they are true."""

import json
import sys
from pathlib import Path

from reference_pages import alarms_page, mechanisms_page, metrics_page, switches_page
from track_record import track_record

from harness.plugins import mutants
from invariants.registry import INVARIANTS
from reference_impl.domain.errors import ERRORS

DOCS = Path(__file__).resolve().parents[1] / "docs"


def errors_page() -> str:
    """Every answer of the reference implementation other than success."""
    known = {True: "it did not happen", False: "it may have happened"}
    rows = [f"| `{code}` | {kind.status} | {known[kind.definite]} | {kind.meaning} |" for code, kind in ERRORS.items()]
    return "\n".join(
        [
            "# Errors of the reference implementation",
            "",
            "Generated from `reference_impl/domain/errors.py` by `make docs`. The body is `{code, message}`.",
            "",
            "| code | status | what is known | meaning |",
            "|---|---|---|---|",
            *rows,
            "",
        ]
    )


def invariants_page() -> str:
    """Every invariant with its statement and what a target must supply for it."""
    rows = [
        f"| `{name}`{' *' if invariant.after_drain else ''} | {invariant.statement} | {_needs(invariant.needs)} |"
        for name, invariant in INVARIANTS.items()
    ]
    return "\n".join(
        [
            "# Invariants",
            "",
            "Generated from `invariants/*.sql` by `make docs`. A claimed invariant whose evidence is missing is",
            "`unknown`, never `holds`; columns are those of `invariants/schema.py`. What is marked * holds after the",
            "drain: of a target that still had work to do it is never `violated`, but `unknown`.",
            "",
            "| name | statement | evidence it needs |",
            "|---|---|---|",
            *rows,
            "",
        ]
    )


def _needs(needs: dict[str, tuple[str, ...]]) -> str:
    return ", ".join(f"{table}({', '.join(columns)})" if columns else table for table, columns in needs.items())


PAGES = {
    DOCS / "errors.md": errors_page,
    DOCS / "invariants.md": invariants_page,
    DOCS / "switches.md": switches_page,
    DOCS / "metrics.md": metrics_page,
    DOCS / "alarms.md": alarms_page,
    DOCS / "mechanisms.md": mechanisms_page,
    DOCS.parent / "TRACK_RECORD.md": lambda: track_record(DOCS),
}


def main(arguments: list[str]) -> int:
    stale = [path for path, page in PAGES.items() if _stands(path) != page()]
    if arguments == ["--check"]:
        complaints = [f"{path.name} is not what the code says: run `make docs`" for path in stale] + _untried()
        print("\n".join(complaints), end="\n" if complaints else "")
        return bool(complaints)
    for path in stale:
        path.write_text(PAGES[path](), encoding="utf-8")
    return 0


def _untried() -> list[str]:
    """Mutants that the recorded trial does not know, or knows and are gone."""
    tried = json.loads((DOCS / "trial.json").read_text(encoding="utf-8"))["mutants"]["trials"]
    differing = sorted(tried.keys() ^ mutants().keys())
    return [f"docs/trial.json and the mutants differ in {', '.join(differing)}: run `make trial`"] if differing else []


def _stands(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
