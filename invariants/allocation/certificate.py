"""A certificate for an allocation function: for every remainder, number of shares and draw, every least and most share.

The formula is got from the code by running it on symbols (`symbolic`), and z3 shows that it keeps each rule. A rule is
plain Python: on symbols it is proved, on numbers it checks a counterexample with the function itself. What z3 does not
decide within its limit is not shown. A rule that was proved is known to those after it.
"""

import random
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final, NamedTuple

import z3

from invariants.allocation import SHARE_FEN_MAX, SHARE_FEN_MIN, Allocation, divisible, legal
from invariants.allocation.obligation import EXAMPLE, LIMIT_S, Counterexample, Obligation
from invariants.allocation.symbolic import Symbol, Tracer, Unfollowed, Values, Way

_SMALL_FEN: Final = 9
_SMALL_SHARES: Final = 4
_LARGE_CALLS: Final = 300
"""A function is run on every call up to so many fen, draws and shares, on full packets, and on large random ones."""


class Given(NamedTuple):
    """The arguments of a call: numbers or symbols."""

    remaining_fen: Any
    remaining_shares: Any
    draw: Any
    least_fen: Any
    most_fen: Any


class Call(NamedTuple):
    """The arguments of a call, and the share that it gives."""

    remaining_fen: Any
    remaining_shares: Any
    draw: Any
    least_fen: Any
    most_fen: Any
    share: Any

    @property
    def given(self) -> Given:
        return Given(*self[:-1])

    @property
    def last(self) -> bool:
        return bool(self.remaining_shares == 1)

    @property
    def rest_fen(self) -> Any:
        return self.remaining_fen - self.share

    @property
    def rest_divisible(self) -> bool:
        return divisible(self.rest_fen, self.remaining_shares - 1, self.least_fen, self.most_fen)


@dataclass(frozen=True)
class Rule:
    name: str
    statement: str
    holds: Callable[[Call], bool]


def _takes_all(call: Call) -> bool:
    return not call.last or call.share == call.remaining_fen


def _leaves_the_least(call: Call) -> bool:
    return call.last or call.rest_fen >= call.least_fen * (call.remaining_shares - 1)


def _leaves_no_more_than_the_most(call: Call) -> bool:
    return call.last or call.rest_fen <= call.most_fen * (call.remaining_shares - 1)


def _sums_to_all(call: Call) -> bool:
    """The hypothesis speaks of what n - 1 shares can divide: they sum to it."""
    if call.last:
        return True
    theirs_fen = call.rest_fen if call.rest_divisible else None
    return theirs_fen is not None and call.share + theirs_fen == call.remaining_fen


def _forces_nobody(call: Call) -> bool:
    """The hypothesis speaks of what n - 1 shares can divide: each lies within the limits."""
    return call.least_fen <= call.share <= call.most_fen and (call.last or call.rest_divisible)


def _keeps_its_levels(call: Call) -> bool:
    return legal(call.share, call.remaining_fen, call.remaining_shares, call.least_fen, call.most_fen)


RULES: Final = (
    Rule("least", "no share is below the least", lambda call: call.share >= call.least_fen),
    Rule("most", "no share is above the most", lambda call: call.share <= call.most_fen),
    Rule("last", "the last share takes all", _takes_all),
    Rule("rest_least", "what is left gives every later share the least", _leaves_the_least),
    Rule("rest_most", "what is left needs no later share above the most", _leaves_no_more_than_the_most),
    Rule("sum_base", "a packet of one share gives out its total, to the fen (induction: base)", _takes_all),
    Rule("sum_step", "if packets of n - 1 shares do, packets of n shares do (induction: step)", _sums_to_all),
    Rule("later_shares", "no later share can be forced out of the limits (induction over the shares)", _forces_nobody),
    Rule("levels", "a share is the lower level, or above it and below the upper one (W15)", _keeps_its_levels),
)


_FOLLOWED: Final = ("followed", "every way through the code is followed, on whole numbers alone")
_AGREES: Final = (
    "agrees",
    "code and formula give the same on all small calls, on full packets and on large random ones",
)
_DIVISORS: Final = ("divisors", "whatever is divided by, the modulus of the draw above all, is at least 1")
_WHOLE: Final = ("whole", "every call ends with a whole number of fen, none with an error")


class Formula:
    """An allocation's code as a formula: every way through it where its arguments are possible, and what it gives."""

    def __init__(self, allocation: Allocation, samples: Iterable[Given], limit_s: float) -> None:
        """`samples` are some arguments that are possible. Raises Unfollowed."""
        limits = () if allocation.limited else (SHARE_FEN_MIN, SHARE_FEN_MAX)
        self.allocation = allocation
        self.limit_s = limit_s
        self.tracer = Tracer(Given._fields[: 5 - len(limits)], limit_s)
        self.given = Given(*self.tracer.symbols, *limits)
        known = Way(samples=[sample._asdict() for sample in samples])
        asked = [way for way in self.tracer.ways(lambda: _possible(self.given), known) if way.result]
        self.ways = [way for one in asked for way in self.tracer.ways(lambda: allocation.share(*self.given), one)]
        value = self.tracer.evaluator
        self._table = [([value(each) for each in way.conditions], self._outcome(way)) for way in self.ways]

    def _outcome(self, way: Way) -> Callable[[Values], object]:
        if type(way.result) is Symbol:
            return self.tracer.evaluator(way.result.term)
        outcome = way.result if way.raised is None else way.raised
        return lambda values: outcome

    def at(self, given: Given) -> object:
        """What the formula gives for numbers, an error where one is raised. Raises ValueError unless just one way is
        theirs.
        """
        values = given._asdict()
        (gives,) = [gives for conditions, gives in self._table if all(holds(values) for holds in conditions)]
        return gives(values)


def certify(allocation: Allocation, limit_s: float = LIMIT_S) -> Iterator[Obligation]:
    """Every obligation of an allocation function; one that takes z3 longer than `limit_s` stays open. Rules that are
    broken on plain numbers come before those that have to be proved.
    """
    small, large = list(_small(allocation.limited)), list(_large(allocation.limited))
    followed, formula = _followed(allocation, [*small, *large], limit_s)
    yield followed
    # what could not be followed may loop over every fen
    calls = [Call(*given, _run(allocation, given)) for given in small + (large if formula else [])]
    tried = {rule: _on_numbers(rule, calls) for rule in RULES}
    yield from (obligation for obligation in tried.values() if obligation)
    rules = [rule for rule, obligation in tried.items() if not obligation]
    if formula is None:
        told = [_AGREES, _DIVISORS, _WHOLE, *((rule.name, rule.statement) for rule in rules)]
        yield from (Obligation(*name, False, 0.0, "there is no formula") for name in told)
    else:
        yield _agrees(formula, calls)
        yield from _of_ways(formula)
        yield from _of_shares(formula, rules)


def _followed(allocation: Allocation, samples: Iterable[Given], limit_s: float) -> tuple[Obligation, Formula | None]:
    started_s = time.monotonic()
    try:
        formula = Formula(allocation, samples, limit_s)
    except Unfollowed as refusal:
        reason = f"cannot be followed: {refusal}"
        return Obligation(*_FOLLOWED, False, time.monotonic() - started_s, reason), None
    return Obligation(*_FOLLOWED, True, time.monotonic() - started_s), formula


def _run(allocation: Allocation, given: Given) -> object:
    try:
        return allocation.share(*given)
    except Exception as error:  # noqa: BLE001 an error is an outcome too
        return error


def _small(limited: bool) -> Iterator[Given]:
    """All possible arguments up to some fen, draws and shares, and full packets; for several limits."""
    for least_fen, most_fen in [(SHARE_FEN_MIN, SHARE_FEN_MAX), (1, 4), (2, 5)][: 3 if limited else 1]:
        for shares in range(1, _SMALL_SHARES + 1):
            full_fen = most_fen * shares
            least_up = range(least_fen * shares, min(_SMALL_FEN, full_fen) + 1)
            for fen in sorted({*least_up, full_fen - 1, full_fen}):
                yield from (Given(fen, shares, draw, least_fen, most_fen) for draw in range(_SMALL_FEN + 1))


def _large(limited: bool) -> Iterator[Given]:
    """Some possible arguments of all sizes."""
    chance = random.Random(0)
    for _ in range(_LARGE_CALLS):
        shares = chance.randint(1, 10 ** chance.randint(1, 6))
        least_fen, most_fen = SHARE_FEN_MIN, SHARE_FEN_MAX
        if limited:
            least_fen = chance.randint(1, 10 ** chance.randint(1, 6))
            most_fen = least_fen + chance.randint(0, 10 ** chance.randint(1, 6))
        fen = chance.randint(least_fen * shares, most_fen * shares)
        yield Given(fen, shares, chance.getrandbits(64), least_fen, most_fen)


def _possible(given: Given) -> bool:
    """What the caller promises: limits that make sense, a draw not below 0, a remainder that can be divided."""
    limits = 1 <= given.least_fen <= given.most_fen
    return limits and given.draw >= 0 and divisible(*given[:2], given.least_fen, given.most_fen)


def _agrees(formula: Formula, calls: Iterable[Call]) -> Obligation:
    started_s = time.monotonic()
    wrong = next((call for call in calls if not _same(formula.at(call.given), call.share)), None)
    seconds = time.monotonic() - started_s
    if wrong is None:
        return Obligation(*_AGREES, True, seconds)
    return Obligation(*_AGREES, False, seconds, _DISAGREE, _example(wrong))


_DISAGREE: Final = "the code does not give what its formula says"


def _same(one: object, other: object) -> bool:
    """Are two outcomes equal? Errors are when they are of one type."""
    both = isinstance(one, Exception) and isinstance(other, Exception)
    return type(one) is type(other) and (both or one == other)


def _of_ways(formula: Formula) -> Iterator[Obligation]:
    """What no way may do: divide by nothing, fail, give what is no whole number."""
    yield _shown(formula, *_DIVISORS, _divided_by_less(formula))
    yield _shown(formula, *_WHOLE, (way for way in formula.ways if not _ends_whole(way)))


def _divided_by_less(formula: Formula) -> Iterator[Way]:
    """Every division once, with a divisor below 1."""
    divisions = {(division.conditions, division.result): division for way in formula.ways for division in way.divisions}
    for division in divisions.values():
        divisor = formula.tracer.evaluator(division.result)
        samples = [values for values in division.samples if divisor(values) < 1]
        yield Way((*division.conditions, division.result < 1), samples)


def _ends_whole(way: Way) -> bool:
    return way.raised is None and (type(way.result) is Symbol or type(way.result) is int)


def _on_numbers(rule: Rule, calls: Iterable[Call]) -> Obligation | None:
    """The obligation left open by the first call that breaks the rule; None where no call does."""
    started_s = time.monotonic()
    wrong = next((call for call in calls if type(call.share) is int and not rule.holds(call)), None)
    if wrong is None:
        return None
    return Obligation(rule.name, rule.statement, False, time.monotonic() - started_s, EXAMPLE, _example(wrong))


def _of_shares(formula: Formula, rules: Iterable[Rule]) -> Iterator[Obligation]:
    """The rules, shown on all ways; one that was shown is known to those after it."""
    ways = [way for way in formula.ways if _ends_whole(way)]
    for rule in rules:
        kept: list[Way] = []
        shown = _shown(formula, rule.name, rule.statement, _breaking(formula, rule, ways, kept))
        ways = kept if shown.closed and len(kept) == len(ways) else ways
        yield shown


def _breaking(formula: Formula, rule: Rule, ways: list[Way], kept: list[Way]) -> Iterator[Way]:
    """The ways that perhaps break the rule; those that keep it are put down, with what is known on them."""
    for way in ways:
        call = Call(*formula.given, way.result)
        for judged in formula.tracer.ways(partial(rule.holds, call), way):
            if judged.result:
                kept.append(replace(judged, result=way.result))
            else:
                yield judged


def _shown(formula: Formula, name: str, statement: str, suspects: Iterable[Way]) -> Obligation:
    """Closed where z3 shows that no suspected way can be taken."""
    started_s = time.monotonic()
    formula.tracer.allow(formula.limit_s)
    reason, example = "", None
    try:
        for suspect in suspects:
            known = list(suspect.samples[:1])
            answer, found = (z3.sat, known[0]) if known else formula.tracer.check(suspect.conditions)
            if answer != z3.unsat:
                reason, example = _against(formula, found)
                break
    except Unfollowed as refusal:
        reason = f"the rule cannot be followed: {refusal}"
    return Obligation(name, statement, not reason, time.monotonic() - started_s, reason, example)


def _against(formula: Formula, values: Values | None) -> tuple[str, Counterexample | None]:
    """Why an obligation stays open: numbers, on which the function itself was run, or that z3 does not know."""
    if values is None:
        return f"z3 does not decide it within {formula.limit_s:g} s", None
    given = formula.given._replace(**values)
    call = Call(*given, _run(formula.allocation, given))
    return EXAMPLE if _same(formula.at(given), call.share) else _DISAGREE, _example(call)


def _example(call: Call) -> Counterexample:
    return Counterexample(*call.given, gives=repr(call.share))
