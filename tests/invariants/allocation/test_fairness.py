"""Support and law of allocation functions: exact where draws repeat, sampled where they do not."""

from collections.abc import Callable

import pytest

from invariants.allocation import Allocation
from invariants.allocation.fairness import PERIOD_MOST, weigh
from invariants.allocation.obligation import Obligation
from reference_impl.domain.allocation import lower_fen, lucky_fen, upper_fen


def weighed(function: Callable[..., int]) -> tuple[Obligation, Obligation]:
    support, oracle = weigh(Allocation("tried", function))
    assert (support.name, oracle.name) == ("support", "oracle")
    return support, oracle


def of_levels(drawn: Callable[[int, int, int], int]) -> Callable[[int, int, int], int]:
    """The last takes all; the others what `drawn` makes of (lower, upper, draw)."""

    def function(remaining_fen: int, remaining_shares: int, draw: int) -> int:
        if remaining_shares == 1:
            return remaining_fen
        return drawn(lower_fen(remaining_fen, remaining_shares), upper_fen(remaining_fen, remaining_shares), draw)

    return function


def test_w15_is_fair_on_every_draw() -> None:
    """The reference's function: exact, with nothing to object to, also when it takes no limits."""
    for function in (lucky_fen, of_levels(lambda lower, upper, draw: max(lower, draw % upper))):
        support, oracle = weighed(function)
        assert support.closed and oracle.closed and "on all draws" in oracle.statement


def test_a_period_is_that_of_all_moduli() -> None:
    """Draws that count up, or now and then down, are fair over both periods together and over neither alone."""

    def up_or_down(lower: int, upper: int, draw: int) -> int:
        now_and_then = draw % next(prime for prime in (2, 3, 5, 7) if upper % prime) == 0
        return max(lower, upper - 1 - draw % upper if now_and_then else draw % upper)

    support, oracle = weighed(of_levels(up_or_down))
    assert support.closed and oracle.closed and "on all draws" in oracle.statement


def test_a_draw_that_is_scaled_is_sampled() -> None:
    """`draw * upper >> 64` is as fair and has no short period; samples say so, with the chance that they are wrong."""
    support, oracle = weighed(of_levels(lambda lower, upper, draw: max(lower, draw * upper >> 64)))
    assert support.closed and oracle.closed
    assert "samples of each of 6 laws" in oracle.statement and "1e-09" in oracle.statement


Drawn = Callable[[int, int, int], int]

UNFAIR: list[tuple[str, Drawn, str, str]] = [
    ("exact", lambda lower, upper, draw: max(lower, draw % upper + 1), "support", "given and cannot be drawn"),
    ("exact", lambda lower, upper, draw: max(lower, draw % upper // 2 * 2), "support", "never given"),
    ("exact", lambda lower, upper, draw: lower + draw % max(1, upper - lower), "oracle", "should be in 2/3"),
    ("exact", lambda lower, upper, draw: max(lower, draw % 97 % upper), "support", "never given"),
    ("exact", lambda lower, upper, draw: max(lower, draw % (2 * upper + 1) % upper), "oracle", "in 5/7 of all"),
    ("exact", lambda lower, upper, draw: max(lower, (draw % 2 * 7 + draw % 3) % upper), "support", "never given"),
    ("sampled", lambda lower, upper, draw: max(lower, (draw >> 1) % (upper + 1)), "support", "cannot be drawn"),
    ("sampled", lambda lower, upper, draw: max(lower, (draw >> 61) * upper >> 3), "support", "never given"),
    (
        "sampled",
        lambda lower, upper, draw: max(lower, (draw >> 1) % (2 * upper + 1) % upper),
        "oracle",
        "should be in 2/9",
    ),
    ("sampled", lambda lower, upper, draw: [][draw], "support", "IndexError"),
]


@pytest.mark.parametrize(("how", "drawn", "fallen_to", "said"), UNFAIR, ids=map(str, range(len(UNFAIR))))
def test_what_is_unfair_is_told(how: str, drawn: Drawn, fallen_to: str, said: str) -> None:
    """What can never come or is missing falls to the support check, what comes too often to the law alone."""
    support, oracle = weighed(of_levels(drawn))
    assert ("on all draws" if how == "exact" else "samples of") in support.statement
    assert support.closed is (fallen_to == "oracle") and not oracle.closed
    found = (oracle if support.closed else support).counterexample
    assert found is not None and said in found.gives


def test_the_draw_of_a_counterexample_gives_it() -> None:
    """An impossible share comes with a draw that the function itself makes it of."""
    function = of_levels(lambda lower, upper, draw: max(lower, draw % upper + 1))
    found = weighed(function)[0].counterexample
    assert found is not None and found.draw is not None
    assert found.gives.startswith(f"{function(found.remaining_fen, found.remaining_shares, found.draw)} is given")


def test_a_long_period_is_sampled() -> None:
    """Draws that repeat after more than can be run are sampled, whatever their modulus."""
    modulus = PERIOD_MOST * 10
    support, oracle = weighed(of_levels(lambda lower, upper, draw: max(lower, draw % modulus % upper)))
    assert support.closed and oracle.closed and "samples of" in support.statement
