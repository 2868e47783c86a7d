"""A drill's rows as a table, and in a sentence what came of it."""

from typing import Any

from rich.table import Table


def table(told: dict[str, Any]) -> Table:
    """One line a row; `felt` and `why` are for the conclusion and JSON."""
    made = Table(title=f"drill {told['drill']}")
    names = [name for name in told["rows"][0] if name not in ("felt", "why")] if told["rows"] else []
    for name in names:
        made.add_column(name.replace("_", " "))
    for row in told["rows"]:
        made.add_row(*(_text(row[name]) for name in names))
    return made


def conclusion(told: dict[str, Any]) -> str:
    """How many passed, and why others did not."""
    lines = [f"{told['passed']} of {told['total']} passed"]
    lines += [f"  {row['name']}: {row['why']}" for row in told["rows"] if not row["passed"]]
    return "\n".join(lines)


def _text(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int) else str(value)
