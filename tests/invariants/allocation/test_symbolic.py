"""Code run on symbols: every way is found, the formula is what Python computes, the rest is refused."""

import random
from collections.abc import Callable
from fractions import Fraction
from itertools import product
from typing import Any

import pytest
import z3

from invariants.allocation.symbolic import FORKS_MOST, Symbol, Tracer, Unfollowed, Way


def ways_of(function: Callable[..., Any], limit_s: float = 5.0) -> tuple[Tracer, list[Way]]:
    tracer = Tracer(("x", "y"), limit_s)
    return tracer, list(tracer.ways(lambda: function(*tracer.symbols), Way()))


def same_as_python(function: Callable[..., Any], numbers: range = range(-7, 8)) -> int:
    """Compares formula and function on all pairs of numbers; gives how many ways there are."""
    tracer, ways = ways_of(function)
    for x, y in product(numbers, repeat=2):
        values = {"x": x, "y": y}
        taken = [way for way in ways if all(tracer.evaluator(condition)(values) for condition in way.conditions)]
        assert len(taken) == 1, values
        try:
            expected = function(x, y)
        except ZeroDivisionError:
            assert isinstance(taken[0].raised, ZeroDivisionError), values
            continue
        result = taken[0].result
        assert (tracer.evaluator(result.term)(values) if type(result) is Symbol else result) == expected, values
    return len(ways)


def test_division_is_pythons() -> None:
    """Quotients and remainders round down whatever the signs, and by 0 there is an error."""
    assert same_as_python(lambda x, y: x // y) == 2
    assert same_as_python(lambda x, y: x % y + 100 % y) == 2
    assert same_as_python(lambda x, y: divmod(x, -3)[0] * y - divmod(17, y)[1]) == 2


def test_comparisons_fork() -> None:
    """Every way through branches, minima, sorting, chained comparisons, truth and absolute values is found."""
    assert same_as_python(lambda x, y: max(x, y, 3)) >= 3
    assert same_as_python(lambda x, y: 1 if -2 <= x < y or not y else abs(x) - y) >= 4
    assert same_as_python(lambda x, y: sorted([x, 2 * y, 0])[1]) >= 4
    assert same_as_python(lambda x, y: round(-x) + (+y) if x != y and isinstance(x, int) else 0) == 2


def test_a_loop_with_an_end_is_followed() -> None:
    """A loop over numbers, with forks inside."""

    def counted(x: int, y: int) -> int:
        return sum(x > number for number in range(4)) + y

    assert same_as_python(counted) == 5


def test_ways_that_are_impossible_are_not_taken() -> None:
    """A branch that nothing reaches is no way, however it is written."""
    assert len(ways_of(lambda x, y: 1 if x * x < 0 else 2)[1]) == 1
    assert len(ways_of(lambda x, y: (1 if x % 7 > 6 else 2) if x >= 0 else 3)[1]) == 2


def test_samples_go_where_their_values_lead() -> None:
    """Known values spare z3 a question, and each ends on its own way."""
    tracer = Tracer(("x", "y"), limit_s=0.0)
    known = Way(samples=[{"x": x, "y": 0} for x in range(6)])
    x, _ = tracer.symbols
    ways = list(tracer.ways(lambda: "many" if x >= 4 else "few", known))
    assert {way.result: [values["x"] for values in way.samples] for way in ways} == {
        "many": [4, 5],
        "few": [0, 1, 2, 3],
    }


def test_what_is_asked_too_late_is_unknown() -> None:
    """Without time z3 decides nothing, and no way counts as impossible."""
    tracer, ways = ways_of(lambda x, y: 1 if x * x < 0 else 2, limit_s=0.0)
    assert len(ways) == 2 and all(tracer.check(way.conditions) == (z3.unknown, None) for way in ways)


def _swallows(x: int, y: int) -> int:
    try:
        return int(x / y)
    except:  # noqa: E722 what careless code does
        return 0


def _endless(x: int, y: int) -> int:
    while x > 0:
        x -= 1
    return x


REFUSED: list[tuple[Callable[..., Any], str]] = [
    (lambda x, y: x / 2, "true division makes a float"),
    (lambda x, y: 1 / y, "true division makes a float"),
    (lambda x, y: x * 0.5, "the float 0.5"),
    (lambda x, y: x + Fraction(1, 2), "the Fraction"),
    (lambda x, y: float(x), "a float"),
    (lambda x, y: int(x), "int()"),
    (lambda x, y: [1, 2, 3][x], "an index or a count"),
    (lambda x, y: sum(range(x)), "an index or a count"),
    (lambda x, y: {1: 2}.get(x, 0), "looked up"),
    (lambda x, y: 4 if str(x).endswith("4") else 0, "text"),
    (lambda x, y: len(f"{x}"), "text"),
    (lambda x, y: x**2, "powers"),
    (lambda x, y: x & 255, "bits"),
    (lambda x, y: x.bit_length(), "bit_length"),
    (lambda x, y: round(x, 2), "rounded"),
    (lambda x, y: random.getrandbits(64) if x > random.random() else 0, "the float"),
    (lambda x, y: 1 if x > random.getrandbits(64) else 0, "the same twice"),
    (_swallows, "true division"),
    (_endless, f"more than {FORKS_MOST} forks"),
]


@pytest.mark.parametrize(("function", "reason"), REFUSED, ids=[reason for _, reason in REFUSED])
def test_what_cannot_be_followed_is_refused(function: Callable[..., Any], reason: str) -> None:
    """The refusal says why and in which line, and no code can swallow it."""
    with pytest.raises(Unfollowed) as refusal:
        ways_of(function)
    place, _, said = str(refusal.value).rpartition("`: ")
    file, line, _ = place.split(":", 2)
    first = function.__code__.co_firstlineno
    assert reason in said
    assert file == "test_symbolic.py" and first <= int(line) <= first + 3
