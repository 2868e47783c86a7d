"""Breakers, decided (W04)."""

from hypothesis import given
from hypothesis import strategies as st

from reference_impl.resilience.breaker import Breaker, Rules, asked, told

RULES = Rules(failures=3, window_us=1000, rest_us=500)


def after(outcomes: list[bool], at_us: int = 10_000, apart_us: int = 1) -> Breaker:
    """A breaker that was told all this."""
    breaker = Breaker()
    for number, worked in enumerate(outcomes):
        breaker = told(breaker, RULES, worked, at_us + number * apart_us)
    return breaker


def test_w04_enough_failures_in_a_window_open_it() -> None:
    """Three at once do, two do not, nor do three that are far apart."""
    assert not after([False] * 2).opened_us
    assert after([False] * 3).opened_us
    assert not after([False] * 3, apart_us=1000).opened_us


def test_w04_a_database_that_mostly_works_stays_in_use() -> None:
    """Three failures among four successes open nothing; half of all do."""
    assert not after([False, True, True, False, True, True, False]).opened_us
    assert after([False, True, False, True, False]).opened_us


def test_w04_an_open_one_rests_and_then_lets_one_try() -> None:
    """Nobody passes before the rest is over, then one, and the next only after another rest."""
    breaker = after([False] * 3)
    opened_us = breaker.opened_us
    assert asked(breaker, RULES, opened_us + 499) == (False, breaker)
    allowed, trying = asked(breaker, RULES, opened_us + 500)
    assert allowed
    assert not asked(trying, RULES, opened_us + 501)[0]
    assert asked(trying, RULES, opened_us + 1000)[0]


def test_w04_the_trial_decides() -> None:
    """It works: closed, with nothing held against it; it fails: open, and the rest begins anew."""
    breaker = after([False] * 3)
    assert told(breaker, RULES, True, breaker.opened_us + 600) == Breaker()
    assert told(breaker, RULES, False, breaker.opened_us + 600).opened_us == breaker.opened_us + 600


@given(st.lists(st.booleans(), max_size=30), st.integers(1, 10_000_000))
def test_w04_a_clock_that_jumps_back_keeps_nothing_shut(outcomes: list[bool], back_us: int) -> None:
    """A breaker opened in what is now the future may be tried at once."""
    breaker = after(outcomes, at_us=20_000_000)
    assert asked(breaker, RULES, 20_000_000 - back_us)[0]
