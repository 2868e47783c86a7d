"""What one pass of a reconciliation saw and did."""

from typing import Final

import msgspec

MOST_ROWS: Final = 100
"""Differences of which a report shows the rows."""


class Difference(msgspec.Struct, frozen=True):
    """Where two stores disagree about money. `kind` is a key of domain/differences.py; what is not known is None."""

    kind: str
    order: str
    owed_fen: int | None = None
    credited_fen: int | None = None
    place: str = ""
    """The database, budget or key whose row says so."""


class Report(msgspec.Struct, frozen=True):
    """`rows` prove what was found, as far as that is about awards; of many the first."""

    examined: int = 0
    missing: int = 0
    repaired: int = 0
    rows: list[Difference] = []

    def __add__(self, other: "Report") -> "Report":
        return Report(
            self.examined + other.examined,
            self.missing + other.missing,
            self.repaired + other.repaired,
            [*self.rows, *other.rows][:MOST_ROWS],
        )
