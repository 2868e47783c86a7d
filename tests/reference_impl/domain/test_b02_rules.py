"""What games decide: cards, shares, the koi, showers, friends and fireworks (B02)."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference_impl.domain.errors import Refused
from reference_impl.domain.games import GAMES, cards, fireworks, friends_rain, koi, occurrence_of, rain, split
from reference_impl.domain.orders import order_number
from reference_impl.domain.scenes import load_activity
from reference_impl.settings import Settings

PEOPLE = st.sets(st.integers(1, 10**6), min_size=1, max_size=300)


@given(pool_fen=st.integers(1, 10**12), people=PEOPLE)
def test_b02_shares_come_to_the_pool_and_differ_by_one_fen(pool_fen: int, people: set[int]) -> None:
    """To the fen, however few fen there are; the larger shares are the first, and every number is its own."""
    shares = split.shares(pool_fen, people, "1")
    amounts = [shares[act].amount_fen for act in sorted(shares)]
    assert sum(amounts) == pool_fen and max(amounts) - min(amounts) <= 1 and min(amounts) >= 1
    assert amounts == sorted(amounts, reverse=True) and sorted(shares) == sorted(people)[: len(shares)]
    assert len({win.rain for win in shares.values()}) == len(shares) == min(pool_fen, len(people))
    assert set(split.gifts(people, "1")) == people


def test_b02_cards_are_drawn_by_their_shares() -> None:
    """Over all numbers of a period the rare card has its percentage, the others the rest in equal parts."""
    drawn = [cards.draw(1, number).note for number in range(100 * 4 * 15)]
    counts = [drawn.count(card) for card in cards.CARDS]
    assert len(set(counts[:-1])) == 1 and counts[-1] * 100 == cards.RARE_PERCENT * len(drawn)
    assert {cards.draw(1, number).scene for number in range(6000)} == set(cards.COUPONS)


def test_b02_a_set_is_every_card_of_one_pool() -> None:
    """Doubles do not help; draws of a pool follow one another."""
    assert cards.is_complete([*cards.CARDS, cards.CARDS[0]]) and not cards.is_complete([cards.CARDS[0]] * 9)
    assert [cards.pool_of(draw) for draw in (1, 10, 11)] == [1, 1, 2]
    assert all(cards.pool_of(draw) == pool for pool in (1, 2, 3) for draw in cards.draws_of(pool))


@given(people=PEOPLE, number=st.integers(0, 2**64 - 1))
def test_b02_the_koi_is_one_of_them(people: set[int], number: int) -> None:
    """The same number finds the same person, in whatever order they are named."""
    act, win = koi.koi(people, number, "1")
    assert act in people and koi.koi(sorted(people, reverse=True), number, "1") == (act, win)


@given(number=st.integers(0, 2**64 - 1), game=st.sampled_from(sorted(GAMES)), share=st.integers(0, 29))
def test_b02_what_is_decided_can_be_awarded(number: int, game: str, share: int) -> None:
    """The scene is there and gives such an amount, and the order number has no part that does not fit."""
    known = GAMES[game]
    occurrence = 1 + share % known.most
    wins = [known.decide(occurrence, number)] if known.decide else []
    wins += [friends_rain.guest("30", 10**14 + 1), friends_rain.host("30", 3, 10**14 + 1)]
    activity = load_activity(Path(Settings(sql="", cache="", data="").activity).read_text())
    for win in wins:
        scene = activity.scene(win.scene)
        assert scene is not None and win.amount_fen <= scene.cap_fen and (win.amount_fen > 0) == (scene.cap_fen > 0)
        assert order_number(10**14 + 1, win.scene, win.rain, scene.award_type, "live")


def test_b02_rain_brings_cash_video_and_coupons() -> None:
    """By their shares, and amounts within their ends."""
    wins = [rain.catch(3, number) for number in range(100 * 881)]
    scenes = [win.scene for win in wins]
    assert [scenes.count(scene) * 100 // len(wins) for scene in ("shower", "subsidy", "shop")] == [70, 20, 10]
    amounts = {win.amount_fen for win in wins if win.scene == "shower"}
    assert (min(amounts), max(amounts)) == (rain.LEAST_FEN, rain.MOST_FEN)


def test_b02_everybody_who_lit_gets_the_same() -> None:
    """Chance has no part in it."""
    assert fireworks.light(6, 1) == fireworks.light(6, 2) and fireworks.light(6, 1).amount_fen == 888


@pytest.mark.parametrize("game, number", [("chess", 1), ("cards", 0), ("cards", 31), ("split", 4)])
def test_b02_there_is_no_such_occurrence(game: str, number: int) -> None:
    """Nobody plays what is not played."""
    with pytest.raises(Refused) as refused:
        occurrence_of(game, number)
    assert refused.value.code == "unknown_game"
