"""A schedule as data: what differs from the default, and where. An empty tape is the default order without faults.

A point is named by its actor and how many points that actor has passed, not by its place in the whole: so that a
choice keeps its meaning when others, or whole people, are taken away.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

from msgspec import Struct

DEFAULT: Final = ""
"""Whoever runs goes on, and after them the next in line; no fault strikes."""


class Point(NamedTuple):
    """The `number`-th point that `actor` comes to, from 1."""

    actor: str
    number: int


class Choice(NamedTuple):
    """What is off the default at a point: who runs next, and what befalls the call."""

    run: str = DEFAULT
    fault: str = DEFAULT

    @property
    def weight(self) -> int:
        """How many choices this is: an order and a fault at one point are two."""
        return (self.run != DEFAULT) + (self.fault != DEFAULT)


Tape = Mapping[Point, Choice]


class Line(Struct, frozen=True):
    """A line of a case file."""

    actor: str
    number: int
    run: str = DEFAULT
    fault: str = DEFAULT


def to_lines(tape: Tape) -> list[Line]:
    """A tape as lines, in the order in which the schedule came to them."""
    return [Line(*point, *choice) for point, choice in tape.items()]


def from_lines(lines: list[Line]) -> dict[Point, Choice]:
    """The tape that such lines say."""
    return {Point(line.actor, line.number): Choice(line.run, line.fault) for line in lines}


def weight(tape: Tape) -> int:
    """How many choices are off the default."""
    return sum(choice.weight for choice in tape.values())
