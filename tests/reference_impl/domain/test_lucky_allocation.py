"""How a packet is divided (W15): every share within its bounds, what remains can always be divided, sums are exact."""

from collections import Counter
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from reference_impl.domain.allocation import MAX_SHARE_FEN, equal_fen, lower_fen, lucky_fen, upper_fen

DRAWS = st.integers(0, 2**63 - 1)


@st.composite
def packets(draw: st.DrawFn, most_shares: int = 1000) -> tuple[int, int]:
    """A remainder that its shares can take: (fen, shares), edges of the range included."""
    shares = draw(st.integers(1, most_shares))
    return draw(st.integers(shares, MAX_SHARE_FEN * shares)), shares


def can_be_divided(remaining_fen: int, shares: int) -> bool:
    return shares <= remaining_fen <= MAX_SHARE_FEN * shares


@given(packets(), DRAWS)
def test_w15_a_share_is_within_its_levels(packet: tuple[int, int], draw: int) -> None:
    """A fen at least, 200 yuan at most, below twice the mean unless the rest would be too large for the others."""
    fen, shares = packet
    amount = lucky_fen(fen, shares, draw)
    assert 1 <= amount <= MAX_SHARE_FEN
    if shares > 1:
        assert amount == lower_fen(fen, shares) or amount < upper_fen(fen, shares)


@given(packets(), DRAWS)
def test_w15_what_remains_can_be_divided(packet: tuple[int, int], draw: int) -> None:
    """The next share always leaves an amount that the shares after it can take."""
    fen, shares = packet
    amount = lucky_fen(fen, shares, draw)
    assert fen - amount == 0 if shares == 1 else can_be_divided(fen - amount, shares - 1)


@given(packets(60), st.data())
def test_w15_shares_sum_to_the_total(packet: tuple[int, int], data: st.DataObject) -> None:
    """All shares together are the total, to the fen, and the last takes all."""
    fen, shares = packet
    left = fen
    for after in range(shares, 0, -1):
        before, left = left, left - lucky_fen(left, after, data.draw(DRAWS))
    assert left == 0
    assert lucky_fen(before, 1, data.draw(DRAWS)) == before


def test_w15_every_small_packet_and_every_draw() -> None:
    """All packets to 9 shares and 40 fen, all draws below the upper level: bounds and what remains."""
    for shares in range(2, 10):
        for fen in range(shares, 41):
            upper = upper_fen(fen, shares)
            assert upper >= 1
            amounts = {lucky_fen(fen, shares, draw) for draw in range(upper)}
            assert amounts == set(range(1, max(2, upper)))
            assert all(can_be_divided(fen - amount, shares - 1) for amount in amounts)


def test_w15_the_edges_of_the_range() -> None:
    """As little as possible gives a fen each; as much as possible gives 200 yuan each; the levels never cross."""
    for shares in (1, 2, 3, 100, 1000):
        for draw in (0, 1, 7, 2**63 - 1):
            assert lucky_fen(shares, shares, draw) == 1
            assert lucky_fen(MAX_SHARE_FEN * shares, shares, draw) == MAX_SHARE_FEN
    assert lower_fen(39_999, 2) == 19_999 and upper_fen(39_999, 2) == 20_000


def test_w15_the_lower_level_takes_the_draws_below_it() -> None:
    """10 fen in 2 shares: draws 0 to 9 reduce by 9, and 0 is raised to 1, so that 1 comes twice."""
    chances = {amount: Fraction(n, 9) for amount, n in Counter(lucky_fen(10, 2, d) for d in range(9)).items()}
    assert chances[1] == Fraction(2, 9)
    assert set(chances) == set(range(1, 9))
    assert {chances[amount] for amount in range(2, 9)} == {Fraction(1, 9)}


@given(st.integers(1, 500), st.integers(0, 500), st.integers(1, 50), st.data())
def test_w15_other_limits(least: int, spread: int, shares: int, data: st.DataObject) -> None:
    """With any least and most share the amounts keep to them, and sum to the total."""
    most = least + spread
    left = total = data.draw(st.integers(least * shares, most * shares))
    for after in range(shares, 0, -1):
        amount = lucky_fen(left, after, data.draw(DRAWS), least, most)
        assert least <= amount <= most
        left -= amount
    assert left == 0 and total > 0


@given(st.integers(1, 1000), st.integers(1, MAX_SHARE_FEN))
def test_w15_equal_shares(shares: int, each: int) -> None:
    """Every share of an equal packet is the same, to the last."""
    left = each * shares
    for after in range(shares, 0, -1):
        assert equal_fen(left, after) == each
        left -= each
    assert left == 0
