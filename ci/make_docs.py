"""Writes the generated pages of docs/: the error table and the invariants. With --check, says whether they are true."""

import sys
from pathlib import Path

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
        f"| `{name}` | {invariant.statement} | {_needs(invariant.needs)} |" for name, invariant in INVARIANTS.items()
    ]
    return "\n".join(
        [
            "# Invariants",
            "",
            "Generated from `invariants/*.sql` by `make docs`. A claimed invariant whose evidence is missing is",
            "`unknown`, never `holds`; columns are those of `invariants/schema.py`.",
            "",
            "| name | statement | evidence it needs |",
            "|---|---|---|",
            *rows,
            "",
        ]
    )


def _needs(needs: dict[str, tuple[str, ...]]) -> str:
    return ", ".join(f"{table}({', '.join(columns)})" if columns else table for table, columns in needs.items())


PAGES = {"errors.md": errors_page, "invariants.md": invariants_page}


def main(arguments: list[str]) -> int:
    stale = [name for name, page in PAGES.items() if _stands(DOCS / name) != page()]
    if arguments == ["--check"]:
        print("\n".join(f"docs/{name} is not what the code says: run `make docs`" for name in stale), end="")
        return bool(stale)
    for name in stale:
        (DOCS / name).write_text(PAGES[name](), encoding="utf-8")
    return 0


def _stands(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
