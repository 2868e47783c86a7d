"""Ordinary Python run on symbolic whole numbers, to get from the code itself the formula that it computes.

A symbol stands for every whole number there is. Arithmetic on it builds a z3 term; a comparison is a fork, and the code
is run once for each way through it that z3 cannot rule out (King, Symbolic execution and program testing, 1976). What
cannot be followed (a float, a bit, a text, a loop without end) ends in `Unfollowed` with the place; nothing is guessed.
"""

import linecache
import numbers
import operator
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any, Final, NoReturn

import z3

WAYS_MOST: Final = 400
"""Ways through one function; whatever has more is refused."""

FORKS_MOST: Final = 120
"""Forks on one way: a loop whose end hangs on a symbol has no bound of its own."""

Term = Any
"""A z3 expression: the bindings carry no types."""

Values = Mapping[str, int]
"""The symbols' values by name."""


class Unfollowed(BaseException):
    """The code did what cannot be followed on symbols; says where and what. No `Exception`: the code followed must not
    swallow it.
    """


@dataclass(frozen=True)
class Way:
    """One way through a piece of code: where all `conditions` hold, it gives `result` or raises `raised`.

    `samples`: values of the symbols that lead here, where some are known. `divisions`: the ways up to each division
    that was made, with the divisor as the result.
    """

    conditions: tuple[Term, ...] = ()
    samples: Sequence[Values] = ()
    result: Any = None
    raised: Exception | None = None
    divisions: tuple["Way", ...] = ()


@dataclass(frozen=True)
class _Plan:
    """Which side to take at the first forks, and values of the symbols that take them."""

    sides: tuple[tuple[Term, bool], ...] = ()
    samples: Sequence[Values] = ()


@dataclass(frozen=True)
class _Quotient:
    """What a division gives, by its axioms."""

    dividend: Term
    divisor: Term
    quotient: Term
    rest: Term

    @cached_property
    def product(self) -> Term:
        return self.dividend == self.divisor * self.quotient + self.rest

    @cached_property
    def range(self) -> Term:
        positive = z3.And(self.rest >= 0, self.rest < self.divisor)
        return z3.If(self.divisor > 0, positive, z3.And(self.divisor < self.rest, self.rest <= 0))


class Tracer:
    """Runs code on symbols and asks z3, for `limit_s` seconds at most; whatever is asked later is unknown."""

    def __init__(self, names: Sequence[str], limit_s: float) -> None:
        self.symbols = tuple(Symbol(z3.Int(name), self) for name in names)
        self._names = names
        self._quotients: dict[tuple[int, int], _Quotient] = {}
        self._divisions: dict[str, str] = {}
        self._evaluators: dict[int, tuple[Term, Callable[[Values], int]]] = {}
        self.allow(limit_s)
        self._begin(_Plan(), Way())

    def allow(self, limit_s: float) -> None:
        """Start the time anew."""
        self._until_s = time.monotonic() + limit_s

    def check(self, conditions: Sequence[Term]) -> tuple[Any, Values | None]:
        """(z3.sat, values of the symbols), or (z3.unsat or z3.unknown, None).

        Most that is impossible is so whatever the quotients are, and z3 finds that out sooner when it is not told how
        they hang together with the rest.
        """
        products = {made.product.get_id() for made in self._quotients.values()}
        loose = [condition for condition in conditions if condition.get_id() not in products]
        if len(loose) < len(conditions) and self._ask(loose)[0] == z3.unsat:
            return z3.unsat, None
        return self._ask(conditions)

    def _ask(self, conditions: Sequence[Term]) -> tuple[Any, Values | None]:
        left_ms = int(1000 * (self._until_s - time.monotonic()))
        if left_ms <= 0:
            return z3.unknown, None
        solver = z3.SimpleSolver()  # three times as fast here as the portfolio of Solver()
        solver.set("timeout", left_ms)
        solver.add(*conditions)
        answer = solver.check()
        return answer, self._values(solver.model()) if answer == z3.sat else None

    def _values(self, model: Any) -> Values:
        return {name: model.eval(z3.Int(name), model_completion=True).as_long() for name in self._names}

    def ways(self, work: Callable[[], object], after: Way) -> Iterator[Way]:
        """Every way through `work`, after another way, that is not impossible; raises Unfollowed.

        A side of a fork that some sample takes is possible; z3 is asked about the others.
        """
        agenda = [_Plan(samples=after.samples)]
        for _ in range(WAYS_MOST):
            if not agenda:
                return
            self._begin(agenda.pop(), after)
            way = self._follow(work)
            agenda += self._untaken
            yield way
        raise Unfollowed(f"there are more than {WAYS_MOST} ways through it")

    def _begin(self, plan: _Plan, after: Way) -> None:
        self._plan = plan
        self._samples = plan.samples
        self._conditions = list(after.conditions)
        self._taken: list[tuple[Term, bool]] = []
        self._untaken: list[_Plan] = []
        self._divided: list[Way] = []
        self._refusal: Unfollowed | None = None

    def _follow(self, work: Callable[[], object]) -> Way:
        result, raised = None, None
        try:
            result = work()
        except Exception as error:  # noqa: BLE001 whatever the code raises is what it does
            raised = error
        if self._refusal:  # the code may have caught it
            raise self._refusal
        return Way(tuple(self._conditions), self._samples, result, raised, tuple(self._divided))

    def fork(self, condition: Term) -> bool:
        """Which side of a comparison this run takes."""
        condition = z3.simplify(condition, som=True)
        opposite = z3.simplify(z3.Not(condition), som=True)
        if any(condition.eq(known) for known in (_TRUE, *self._conditions)):
            return True
        if any(opposite.eq(known) for known in (_TRUE, *self._conditions)):
            return False
        repeated = len(self._taken) < len(self._plan.sides)
        side = self._repeated(condition) if repeated else self._chosen(condition, opposite)
        self._taken.append((condition, side))
        self._conditions.append(condition if side else opposite)
        return side

    def _repeated(self, condition: Term) -> bool:
        before, side = self._plan.sides[len(self._taken)]
        return side if before.eq(condition) else self.refuse("it does not do the same twice")

    def _chosen(self, condition: Term, opposite: Term) -> bool:
        """A side that is possible; where both are, the other is for later."""
        if len(self._taken) == FORKS_MOST:
            self.refuse(f"there are more than {FORKS_MOST} forks on one way")
        holds = self.evaluator(condition)
        true, false = (
            self._leading(side, [one for one in self._samples if bool(holds(one)) == (side is condition)])
            for side in (condition, opposite)
        )
        if true is None or false is None:
            self._samples = true or false or ()
            return true is not None
        self._untaken.append(_Plan((*self._taken, (condition, False)), false))
        self._samples = true
        return True

    def _leading(self, side: Term, samples: Sequence[Values]) -> Sequence[Values] | None:
        """Values that take this side, or None where there are none; z3 may not know of any."""
        if samples:
            return samples
        answer, found = self.check([*self._conditions, side])
        return None if answer == z3.unsat else [found] if found else []

    def divide(self, dividend: Term, divisor: Term) -> tuple[Term, Term]:
        """Quotient and remainder as Python has them, rounded down, by their axioms: z3's own division by a symbol
        stays open.
        """
        dividend, divisor = z3.simplify(dividend, som=True), z3.simplify(divisor, som=True)
        self._divided.append(Way(tuple(self._conditions), self._samples, divisor))
        if not self.fork(divisor != 0):
            raise ZeroDivisionError("integer division or modulo by zero")
        made = self._quotient(dividend, divisor)
        self._conditions += [made.product, made.range]
        return made.quotient, made.rest

    def _quotient(self, dividend: Term, divisor: Term) -> "_Quotient":
        """The same symbols for the same division."""
        key = dividend.get_id(), divisor.get_id()
        if key not in self._quotients:
            number = len(self._quotients)
            made = _Quotient(dividend, divisor, *z3.Ints(f"quotient!{number} rest!{number}"))
            self._divisions[str(made.quotient)] = f"({self._text(dividend)} // {self._text(divisor)})"
            self._divisions[str(made.rest)] = f"({self._text(dividend)} % {self._text(divisor)})"
            self._quotients[key] = made
        return self._quotients[key]

    def evaluator(self, term: Term) -> Callable[[Values], int]:
        """The value of a term, as a function of the symbols' values."""
        if term.get_id() not in self._evaluators:
            evaluator = eval(f"lambda values: {self._text(term)}", {"__builtins__": {}})
            self._evaluators[term.get_id()] = term, evaluator
        return self._evaluators[term.get_id()][1]

    def _text(self, term: Term) -> str:
        """A term in Python."""
        if z3.is_int_value(term):
            return f"({term.as_long()})"
        kind = term.decl().kind()
        if kind == z3.Z3_OP_UNINTERPRETED:
            return self._divisions.get(term.decl().name()) or f"values[{term.decl().name()!r}]"
        parts = [self._text(part) for part in term.children()]
        if kind == z3.Z3_OP_ITE:
            return f"({parts[1]} if {parts[0]} else {parts[2]})"
        return f"({_UNARY[kind]} {parts[0]})" if kind in _UNARY else f"({_BETWEEN[kind].join(parts)})"

    def term(self, value: object) -> Term:
        """A whole number or a symbol as a z3 term; None for what is no number; raises Unfollowed for other numbers."""
        if type(value) is Symbol:
            return value.term
        if isinstance(value, int):
            return z3.IntVal(int(value))
        if isinstance(value, numbers.Number | Decimal):
            self.refuse(f"whole numbers meet the {type(value).__name__} {value!r}")
        return None

    def refuse(self, reason: str) -> NoReturn:
        """Raises Unfollowed with the place in the code that is followed."""
        frame = sys._getframe(1)
        while frame.f_back and frame.f_code.co_filename == __file__:
            frame = frame.f_back
        file, line = frame.f_code.co_filename, frame.f_lineno
        self._refusal = Unfollowed(f"{Path(file).name}:{line}: `{linecache.getline(file, line).strip()}`: {reason}")
        raise self._refusal


class Symbol:
    """A whole number that is not known. Behaves like an int, and passes for one, in all that can be followed."""

    __slots__ = ("_tracer", "term")

    def __init__(self, term: Term, tracer: Tracer) -> None:
        self.term = term
        self._tracer = tracer

    @property
    def __class__(self) -> type:
        return int

    @__class__.setter
    def __class__(self, other: type) -> None:
        raise TypeError("a symbol stays one")

    def __getattr__(self, name: str) -> NoReturn:
        self._tracer.refuse(f"{name} of it is not followed")

    def _made(self, operation: Callable[[Term, Term], Term], other: object, swapped: bool = False) -> Any:
        term = self._tracer.term(other)
        if term is None:
            return NotImplemented
        return Symbol(operation(term, self.term) if swapped else operation(self.term, term), self._tracer)

    def _divided(self, place: int, other: object, swapped: bool = False) -> Any:
        return self._made(lambda above, below: self._tracer.divide(above, below)[place], other, swapped)

    def _compared(self, operation: Callable[[Term, Term], Term], other: object) -> Any:
        term = self._tracer.term(other)
        return NotImplemented if term is None else self._tracer.fork(operation(self.term, term))

    def __add__(self, other: object) -> Any:
        return self._made(operator.add, other)

    __radd__ = __add__

    def __mul__(self, other: object) -> Any:
        return self._made(operator.mul, other)

    __rmul__ = __mul__

    def __sub__(self, other: object) -> Any:
        return self._made(operator.sub, other)

    def __rsub__(self, other: object) -> Any:
        return self._made(operator.sub, other, swapped=True)

    def __floordiv__(self, other: object) -> Any:
        return self._divided(0, other)

    def __rfloordiv__(self, other: object) -> Any:
        return self._divided(0, other, swapped=True)

    def __mod__(self, other: object) -> Any:
        return self._divided(1, other)

    def __rmod__(self, other: object) -> Any:
        return self._divided(1, other, swapped=True)

    def __divmod__(self, other: object) -> Any:
        return self // other, self % other

    def __rdivmod__(self, other: object) -> Any:
        return other // self, other % self

    def __neg__(self) -> "Symbol":
        return Symbol(-self.term, self._tracer)

    def __pos__(self) -> "Symbol":
        return self

    __floor__ = __ceil__ = __trunc__ = __pos__

    def __abs__(self) -> "Symbol":
        return self if self >= 0 else -self

    def __round__(self, digits: int | None = None) -> "Symbol":
        return self if digits is None else self._tracer.refuse("it is rounded to a number of digits")

    def __lt__(self, other: object) -> Any:
        return self._compared(operator.lt, other)

    def __le__(self, other: object) -> Any:
        return self._compared(operator.le, other)

    def __gt__(self, other: object) -> Any:
        return self._compared(operator.gt, other)

    def __ge__(self, other: object) -> Any:
        return self._compared(operator.ge, other)

    def __eq__(self, other: object) -> Any:
        return self._compared(operator.eq, other)

    def __ne__(self, other: object) -> Any:
        return self._compared(operator.ne, other)

    def __bool__(self) -> bool:
        return self._tracer.fork(self.term != 0)


def _refusal(reason: str) -> Callable[..., NoReturn]:
    def refused(self: Symbol, *others: object) -> NoReturn:
        self._tracer.refuse(reason)

    return refused


_TRUE: Final = z3.BoolVal(True)

_REFUSED: Final = {
    "true division makes a float": "truediv rtruediv",
    "it is turned into a float": "float complex",
    "int() wants one number; it is whole already": "int",
    "it is used as an index or a count, which wants one number": "index",
    "it is looked up or collected by its value": "hash",
    "it is turned into text": "repr str format",
    "powers are not followed": "pow rpow",
    "bits are not followed": "and rand or ror xor rxor invert lshift rlshift rshift rrshift",
}

for _reason, _names in _REFUSED.items():
    for _name in _names.split():
        setattr(Symbol, f"__{_name}__", _refusal(_reason))

_UNARY: Final = {z3.Z3_OP_UMINUS: "-", z3.Z3_OP_NOT: "not"}

_BETWEEN: Final = {
    z3.Z3_OP_ADD: " + ",
    z3.Z3_OP_MUL: " * ",
    z3.Z3_OP_SUB: " - ",
    z3.Z3_OP_LE: " <= ",
    z3.Z3_OP_LT: " < ",
    z3.Z3_OP_GE: " >= ",
    z3.Z3_OP_GT: " > ",
    z3.Z3_OP_EQ: " == ",
    z3.Z3_OP_AND: " and ",
    z3.Z3_OP_OR: " or ",
}
