"""What became of one planted bug."""

from typing import Literal

from msgspec import Struct

from invariants.verdict import Value

Under = Literal["simulation", "innodb", "load", "proof"]
"""How it was tried: schedules on SQLite, schedules on MariaDB, a night under load, or the prover."""

UNDER: tuple[Under, ...] = ("simulation", "innodb", "load", "proof")


class Trial(Struct, frozen=True, kw_only=True):
    """`verdicts`: the worst each invariant said; `tries`: schedules or nights until it was caught; `path`: the case, or
    the last night's folder; `elsewhere`: what other surroundings showed (SQLite, of a bug that only InnoDB has).
    """

    killed: bool
    under: Under
    caught_by: str
    verdicts: dict[str, Value]
    tries: int
    path: str = ""
    choices: int | None = None
    shrink_seconds: float | None = None
    elsewhere: dict[str, Value] = {}


def worse(one: Value, other: Value) -> Value:
    """Violated before unknown before holds."""
    order: tuple[Value, ...] = ("holds", "unknown", "violated")
    return max(one, other, key=order.index)
