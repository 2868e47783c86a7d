"""The allocation's certificate: it closes for W15, each rule can be broken, and what is not decided is not shown."""

import random
from collections.abc import Callable

import pytest

from invariants.allocation import Allocation, bounds
from invariants.allocation.certificate import RULES, Call, Formula, Given, certify
from invariants.allocation.obligation import LIMIT_S, Obligation
from reference_impl.domain.allocation import MAX_SHARE_FEN, MIN_SHARE_FEN, lower_fen, lucky_fen, upper_fen

Limited = Callable[[int, int, int, int, int], int]

CLEAN = Allocation("lucky_fen", lucky_fen)
NAMES = {"followed", "agrees", "divisors", "whole", *(rule.name for rule in RULES)}


def obligation(name: str, function: Callable[..., int], limit_s: float = LIMIT_S) -> Obligation:
    """One obligation; those that come after it are not tried."""
    return next(one for one in certify(Allocation("tried", function), limit_s) if one.name == name)


def open_ones(function: Callable[..., int]) -> set[str]:
    return {one.name for one in certify(Allocation("tried", function)) if not one.closed}


def fixed(remaining_fen: int, remaining_shares: int, draw: int) -> int:
    """Takes no limits: a fen and 200 yuan are written into it."""
    return lucky_fen(remaining_fen, remaining_shares, draw)


def test_w15_every_obligation_closes() -> None:
    """For all remainders, shares, draws and limits, in less than five seconds."""
    shown = list(certify(CLEAN))
    assert [one.name for one in shown if not one.closed] == []
    assert {one.name for one in shown} == NAMES
    assert sum(one.seconds for one in shown) < 5


def test_a_function_without_limits_is_shown_for_those_of_the_document() -> None:
    """One that takes no least and most is certified for a fen and 200 yuan."""
    assert open_ones(fixed) == set()


def test_code_and_formula_agree_on_every_small_call() -> None:
    """Every remainder to 20 fen and 5 shares, draws to 20, limits from 1 to 20."""
    formula = Formula(CLEAN, (), LIMIT_S)
    calls = [
        Given(fen, shares, draw, least, most)
        for least in range(1, 4)
        for most in (least, least + 1, 7, 20)
        for shares in range(1, 6)
        for fen in range(least * shares, min(20, most * shares) + 1)
        for draw in (0, 1, 2, 3, 7, 19, 20)
    ]
    assert len(calls) > 2_000
    assert [call for call in calls if formula.at(call) != lucky_fen(*call)] == []


def test_code_and_formula_agree_on_large_calls() -> None:
    """A thousand random packets of up to a million shares and 10^12 fen."""
    formula = Formula(CLEAN, (), LIMIT_S)
    chance = random.Random(5)
    for _ in range(1000):
        shares, least = chance.randint(1, 10**6), chance.randint(1, 1000)
        most = chance.randint(least, 10**6)
        call = Given(chance.randint(least * shares, most * shares), shares, chance.getrandbits(64), least, most)
        assert formula.at(call) == lucky_fen(*call)


def limited(share: Limited) -> Callable[..., int]:
    """A function of five arguments that gives the last share all, and the others as `share` says."""

    def function(remaining_fen: int, remaining_shares: int, draw: int, least_fen: int, most_fen: int) -> int:
        if remaining_shares == 1:
            return remaining_fen
        return share(remaining_fen, remaining_shares, draw, least_fen, most_fen)

    return function


BROKEN: list[tuple[str, Callable[..., int]]] = [
    ("least", limited(lambda fen, n, draw, least, most: least - 1)),
    ("most", limited(lambda fen, n, draw, least, most: most + draw)),
    ("last", lambda remaining_fen, remaining_shares, draw: lower_fen(remaining_fen, 2)),
    ("rest_least", limited(lambda fen, n, draw, least, most: fen)),
    ("rest_most", limited(lambda fen, n, draw, least, most: least)),
    ("sum_base", lambda remaining_fen, remaining_shares, draw: remaining_fen // remaining_shares - 1),
    ("sum_step", limited(lambda fen, n, draw, least, most: fen)),
    ("later_shares", limited(lambda fen, n, draw, least, most: least)),
    ("levels", limited(lambda fen, n, draw, least, most: upper_fen(fen, n, least, most))),
    ("divisors", limited(lambda fen, n, draw, least, most: max(least, draw % (fen - least * n)))),
    ("divisors", limited(lambda fen, n, draw, least, most: max(least, draw % -upper_fen(fen, n, least, most)))),
    ("whole", limited(lambda fen, n, draw, least, most: [fen // n][draw > 7])),
    ("whole", limited(lambda fen, n, draw, least, most: None)),  # type: ignore[arg-type, return-value]
]


@pytest.mark.parametrize(
    ("name", "function"), BROKEN, ids=[f"{name}-{place}" for place, (name, _) in enumerate(BROKEN)]
)
def test_each_obligation_can_be_broken(name: str, function: Callable[..., int]) -> None:
    """It stays open, with numbers that the function itself was run on; a rule is broken on them."""
    shown = obligation(name, function)
    assert not shown.closed and shown.counterexample is not None
    *arguments, gives = (getattr(shown.counterexample, field) for field in (*Given._fields, "gives"))
    assert bounds(arguments[0], arguments[1], *arguments[3:])
    for rule in RULES:
        if rule.name == name:
            assert not rule.holds(Call(*arguments, int(gives)))


def test_z3_finds_what_no_test_would() -> None:
    """One bad remainder among all there are."""

    def once(remaining_fen: int, remaining_shares: int, draw: int) -> int:
        if remaining_fen == 7_654_321 and remaining_shares > 1:
            return 0
        return remaining_fen // remaining_shares

    found = obligation("least", once).counterexample
    assert found is not None and (found.remaining_fen, found.gives) == (7_654_321, "0")


def test_rewritten_code_is_shown_too() -> None:
    """W15 in other words, and without its case of one share, which the lower level already covers."""

    def rewritten(remaining_fen: int, remaining_shares: int, draw: int, least_fen: int, most_fen: int) -> int:
        """Checks its arguments, builds messages, divides with a remainder."""
        if not isinstance(draw, int) or remaining_fen < least_fen * remaining_shares:
            raise ValueError(f"{remaining_fen} fen in {remaining_shares} shares, draw {draw:d}")
        later = remaining_shares - 1
        twice, _ = divmod(remaining_fen * 2, remaining_shares)
        upper = min(twice, most_fen, remaining_fen - least_fen * later)
        return max(draw % upper, least_fen, remaining_fen - later * most_fen)

    assert open_ones(rewritten) == set()


def test_unknown_is_a_failure() -> None:
    """What z3 cannot decide is open, and so is everything when it has no time."""

    def undecidable(remaining_fen: int, remaining_shares: int, draw: int) -> int:
        """Gives nothing where a³ + b³ = c³, which never is; nobody expects z3 to know."""
        a, b, c = remaining_fen, remaining_shares, draw
        return 0 if a * a * a + b * b * b == c * c * c and c > 0 else fixed(a, b, c)

    shown = obligation("least", undecidable, limit_s=0.2)
    assert not shown.closed and shown.reason == "z3 does not decide it within 0.2 s"
    hurried = obligation("levels", lucky_fen, limit_s=0.001)
    assert not hurried.closed and "0.001 s" in hurried.reason and hurried.counterexample is None


def test_float_money_is_refused_with_its_line() -> None:
    """A function that reckons in floats has no certificate, and the reason names the place."""

    def in_yuan(remaining_fen: int, remaining_shares: int, draw: int) -> int:
        return round(remaining_fen / 100 / remaining_shares * 100)

    shown = {one.name: one for one in certify(Allocation("in_yuan", in_yuan))}
    assert not any(one.closed for one in shown.values())
    followed = shown["followed"].reason
    assert "test_certificate.py:" in followed and "true division makes a float" in followed
    assert shown["least"].reason == "there is no formula"
    assert shown["levels"].counterexample is not None
    assert set(shown) == NAMES


def test_code_that_sees_through_symbols_is_found_out() -> None:
    """Where symbols and numbers go different ways, the formula is not that of the code."""

    def looks(remaining_fen: int, remaining_shares: int, draw: int) -> int:
        return fixed(remaining_fen, remaining_shares, draw) if type(draw) is not int else remaining_fen

    shown = obligation("agrees", looks)
    assert not shown.closed and shown.reason == "the code does not give what its formula says"
    assert shown.counterexample is not None


def test_the_limits_are_those_of_the_document() -> None:
    """The function's own least and most, and those it is judged by, are the same."""
    assert (MIN_SHARE_FEN, MAX_SHARE_FEN) == (1, 20_000)
    assert bounds(40_000, 2) == (MAX_SHARE_FEN, MAX_SHARE_FEN)
