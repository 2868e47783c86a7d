"""Stages on real stores: data apart, and each person pinned to one in each occurrence (B22)."""

import itertools
from collections.abc import Iterator

import pytest
from festival import Festival

from reference_impl.domain.errors import Refused
from reference_impl.domain.stages import in_stage
from reference_impl.wallet import login, stages

_rains = itertools.count(70_000)


@pytest.fixture
def piloted(festival: Festival) -> Iterator[Festival]:
    """A wallet all of whose people are in the gray stage."""
    with festival.rolled_out(stage="gray", gray_percent=100):
        yield festival


def test_b22_what_is_given_in_a_stage_is_shown_and_paid_out_there_alone(piloted: Festival) -> None:
    """Awards by token and by row, a coupon, the balance and a withdrawal of the pilot are not in the live wallet."""
    live = piloted.act()
    gray, rain = in_stage(live, "gray"), str(next(_rains))
    token = piloted.award(gray, 50, "rain", rain).token
    piloted.award(gray, 30, "fireworks", rain)
    piloted.coupon(gray, "tea", rain)
    shown = piloted.page(gray, token)
    assert (shown.balance_fen, shown.income_fen, len(shown.coupons or [])) == (80, 80, 1)
    assert piloted.withdraw(gray, 20).state == "paid"
    empty = piloted.page(live, token)
    assert (empty.balance_fen, empty.income_fen, empty.coupons, empty.refused) == (0, 0, [], 1)
    with pytest.raises(Refused, match="balance is below"):
        piloted.withdraw(live, 1)
    assert piloted.page(gray).balance_fen == 60


def test_b22_who_is_not_in_a_stage_gets_nothing_there(piloted: Festival) -> None:
    """Live before it is live, and as a tester who is none."""
    act, rain = piloted.act(), str(next(_rains))
    for self in (act, in_stage(act, "internal")):
        with pytest.raises(Refused) as refused:
            piloted.award(self, 10, "rain", rain)
        assert refused.value.code == "not_in_stage"
    assert stages.self_in(piloted.desk, act, rain) == in_stage(act, "gray")


def test_b22_going_live_moves_nobody_within_an_occurrence(piloted: Festival) -> None:
    """Who was in the pilot stays there until the next one; who was not takes part live."""
    act, waits, rain = piloted.act(), piloted.act(), str(next(_rains))
    first = piloted.award(in_stage(act, "gray"), 10, "rain", rain)
    with piloted.rolled_out(stage="live", rains=frozenset({rain})):
        with pytest.raises(Refused, match="another stage"):
            piloted.award(act, 10, "rain", rain)
        assert piloted.award(in_stage(act, "gray"), 10, "rain", rain).order == first.order
        assert piloted.award(waits, 10, "rain", rain).state == "token"
        assert piloted.award(act, 10, "rain", str(next(_rains))).state == "token"


def test_b22_of_many_at_once_one_decides(piloted: Festival) -> None:
    """While one process still sees the pilot and another sees it live, a person is in one stage."""
    act, rain = piloted.act(), str(next(_rains))
    other = piloted.like()
    with other.rolled_out(stage="live", rains=frozenset({rain})):
        told = piloted.at_once(lambda n: stages.self_in((piloted, other)[n % 2].desk, act, rain), 24)
    other.system.close()
    assert len(set(told)) == 1 and told[0] in (act, in_stage(act, "gray"))


def test_b22_merged_people_are_one_in_every_stage(piloted: Festival) -> None:
    """What both had in the pilot is one wallet's, and the phone number was brought live."""
    one, other = piloted.act(), piloted.act()
    piloted.award(in_stage(one, "gray"), 40)
    piloted.award(in_stage(other, "gray"), 20)
    for act in (one, other):
        login.bind(piloted.system, piloted.desk, act, f"86139{one % 10**8:08d}")
    shown = piloted.page(in_stage(other, "gray"))
    assert (shown.balance_fen, shown.income_fen) == (60, 60)
    assert piloted.withdraw(in_stage(one, "gray"), 60).state == "paid"
