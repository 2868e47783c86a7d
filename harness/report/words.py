"""How numbers and other people's texts are said in reports."""

from collections.abc import Callable
from typing import Final

MARKS: Final = {"holds": "✓", "violated": "✗", "unknown": "?"}


def plain(text: object) -> str:
    """Text that came from a target, on one line and without what would move a cursor or break an XML file."""
    return "".join(char if char.isprintable() else "�" for char in " ".join(str(text).split()))


def fen(amount: int) -> str:
    """1234567 → 1,234,567 fen."""
    return f"{amount:,} fen"


def milliseconds(microseconds: int) -> str:
    """1234 → 1.2; from 100 ms on without decimals."""
    value = microseconds / 1000
    return f"{value:,.0f}" if value >= 100 else f"{value:,.1f}"


_UNITS: Final[dict[str, Callable[[float], str]]] = {
    "_per_s": lambda value: f"{value:,.1f}/s",
    "_us": lambda value: f"{milliseconds(int(value))} ms",
    "_bytes": lambda value: f"{value / 2**20:,.0f} MiB",
    "_share": lambda value: f"{value:.0%}",
    "_s": lambda value: f"{value:,.1f} s",
}


def measure(name: str, value: object) -> str:
    """A figure whose name ends in its unit, with the unit: lag_p99_us=3100 → lag p99 3.1 ms."""
    for unit, said in _UNITS.items():
        if name.endswith(unit) and isinstance(value, int | float) and not isinstance(value, bool):
            return f"{name.removesuffix(unit).replace('_', ' ')} {said(value)}".strip()
    return f"{name.replace('_', ' ')} {plain(value)}"
