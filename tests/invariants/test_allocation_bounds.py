"""`invariants.allocation` is mechanism W15, and `allocation_bounds.sql` is `invariants.allocation`."""

import pytest
from worlds import World

from invariants.allocation import SHARE_FEN_MAX, bounds, divisible, legal, legal_equal
from invariants.registry import INVARIANTS


def drawn(left_fen: int, left_shares: int) -> set[int]:
    """Everything W15 can give: a random number modulo the upper bound, raised to the lower; the last takes all."""
    if left_shares == 1:
        return {left_fen}
    lower = max(1, left_fen - 20_000 * (left_shares - 1))
    upper = min(min(20_000, left_fen - (left_shares - 1)), (2 * left_fen) // left_shares)
    return {max(lower, number % upper) for number in range(upper)}


def sql_accepts(cases: list[tuple[int, int, int]], earlier: int = 0) -> set[tuple[int, int, int]]:
    """Which (amount, left fen, left shares) the SQL leaves unaccused, each as the next share of its own packet."""
    world = World()
    for number, (amount_fen, left_fen, left_shares) in enumerate(cases):
        packet = f"P{number}"
        amounts = [1] * earlier + [amount_fen]
        world.rows["packets"].append(
            {"packet": packet, "kind": "lucky", "total_fen": left_fen + earlier, "shares": left_shares + earlier}
        )
        for place, fen in enumerate(amounts, start=1):
            world.rows["opens"].append({"packet": packet, "sequence": place, "amount_fen": fen, "person": str(place)})
    with world.load() as connection:
        query = INVARIANTS["allocation_bounds"].violations
        accused = connection.execute(f"SELECT subject FROM ({query}) AS v WHERE sequence = {earlier + 1}").fetchall()
    numbers = {int(subject[1:]) for (subject,) in accused}
    return {case for number, case in enumerate(cases) if number not in numbers}


@pytest.mark.parametrize("left_shares", range(1, 8))
def test_legal_is_what_can_be_drawn(left_shares: int) -> None:
    """For every small remainder, and around both caps, exactly the drawable amounts are legal."""
    small = range(left_shares, 60)
    full = SHARE_FEN_MAX * left_shares
    for left_fen in [*small, full - 1, full, full // 2 + 3]:
        lower, upper = bounds(left_fen, left_shares)
        possible = drawn(left_fen, left_shares)
        assert 1 <= lower <= upper and min(possible) == lower
        tried = {0, *range(1, 70), lower - 1, lower, lower + 1, upper - 1, upper, upper + 1, left_fen}
        assert {amount for amount in tried if legal(amount, left_fen, left_shares)} == possible & tried


def test_the_sql_says_the_same() -> None:
    """Every amount of every small remainder, and every edge near the caps: SQL and Python agree."""
    cases = [
        (amount, left_fen, left_shares)
        for left_shares in range(1, 6)
        for left_fen in range(left_shares, 26)
        for amount in range(-1, left_fen + 2)
    ]
    for left_shares in (2, 3, 10):
        for left_fen in (20_000 * left_shares, 20_000 * left_shares - 1, 20_000 * (left_shares - 1) + 5):
            lower, upper = bounds(left_fen, left_shares)
            edges = {lower - 1, lower, lower + 1, upper - 1, upper, upper + 1}
            cases += [(amount, left_fen, left_shares) for amount in edges]
    assert sql_accepts(cases) == {case for case in cases if legal(*case)}


def test_the_sql_replays_from_what_earlier_shares_left() -> None:
    """The same after two shares of 1 fen were taken: the bounds are those of the remainder."""
    cases = [
        (amount, left_fen, left_shares)
        for left_shares in range(1, 5)
        for left_fen in range(left_shares, 20)
        for amount in range(left_fen + 2)
    ]
    assert sql_accepts(cases, earlier=2) == {case for case in cases if legal(*case)}


def test_the_upper_bound_itself_is_never_drawn() -> None:
    """Modulo the bound stays below it, except where it meets the lower bound."""
    assert bounds(10, 2) == (1, 9) and not legal(9, 10, 2) and legal(8, 10, 2)
    assert bounds(40_000, 2) == (20_000, 20_000) and legal(20_000, 40_000, 2)


def test_what_cannot_be_divided_has_no_bounds() -> None:
    """Fewer fen than shares, more than 20000 fen a share, no share."""
    for left_fen, left_shares in ((2, 3), (20_001, 1), (60_001, 3), (5, 0)):
        assert not divisible(left_fen, left_shares)
        with pytest.raises(ValueError, match="cannot be given out"):
            bounds(left_fen, left_shares)


def test_equal_packets_have_one_legal_share() -> None:
    """Total by shares, never 0, never with a rest."""
    assert legal_equal(100, 300, 3) and not legal_equal(99, 300, 3)
    assert not legal_equal(100, 301, 3) and not legal_equal(0, 0, 3)
