"""What is to be shown of an allocation function, and what came of it."""

from typing import Final

from msgspec import Struct

LIMIT_S: Final = 5.0
"""The time that z3 has for one obligation."""

EXAMPLE: Final = "there is a counterexample"


class Counterexample(Struct, frozen=True):
    """Arguments, and what the function itself gives for them. `draw` is None where no single draw shows the fault."""

    remaining_fen: int
    remaining_shares: int
    draw: int | None
    least_fen: int
    most_fen: int
    gives: str


class Obligation(Struct, frozen=True):
    """`closed` where `statement` is shown; otherwise `reason` says what stands against it, in one line."""

    name: str
    statement: str
    closed: bool
    seconds: float
    reason: str = ""
    counterexample: Counterexample | None = None
