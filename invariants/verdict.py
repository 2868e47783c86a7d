"""What a judgement says: three values, how much was looked at, and the rows that prove it."""

from typing import Any, Literal

from msgspec import Struct

Value = Literal["holds", "violated", "unknown"]
Canary = Literal["reported", "silent", "not run"]
Role = Literal["first", "worst", "last"]


class Witness(Struct, frozen=True):
    """One violation: a sentence a person can follow, and rows (the violation's own, then its proof)."""

    role: Role
    subject: str
    sentence: str
    badness: int
    rows: list[dict[str, Any]]


class Verdict(Struct, frozen=True):
    """`examined` items were looked at; `reason` says why a verdict is unknown and is empty otherwise."""

    name: str
    verdict: Value
    statement: str
    examined: int = 0
    violations: int = 0
    unsettled: int = 0
    reason: str = ""
    canary: Canary = "not run"
    witnesses: list[Witness] = []
    seconds: float = 0.0
