"""Awards: under an order number a person gets one, whatever happens on the way (B04, B05, B06)."""

import pytest
import redis
from festival import Festival

from reference_impl.domain.errors import Refused
from reference_impl.wallet import award as awarding
from reference_impl.wallet.award import Given


@pytest.mark.parametrize("scene", ["rain", "koi"])
def test_b04_one_order_number_a_thousand_times_is_one_award(festival: Festival, scene: str) -> None:
    """Two processes are asked a thousand times at once: one answer, one credit."""
    act, other = festival.act(), festival.like()
    answers = festival.at_once(lambda n: (festival, other)[n % 2].award(act, 77, scene, "7"), 1000)
    assert {(type(given), given.order, given.amount_fen) for given in answers} == {(Given, answers[0].order, 77)}
    festival.credit()
    shown = festival.page(act)
    assert (shown.balance_fen, shown.income_fen, [line.credited for line in shown.flow]) == (77, 77, [True])


@pytest.mark.parametrize("scene", ["rain", "koi"])
@pytest.mark.parametrize("credited", [False, True])
def test_b04_another_amount_under_a_number_is_refused(festival: Festival, scene: str, credited: bool) -> None:
    """The award that stands is not changed, before it is credited and after."""
    act = festival.act()
    festival.award(act, 50, scene, "3")
    if credited:
        festival.credit()
    with pytest.raises(Refused) as refused:
        festival.award(act, 51, scene, "3")
    assert refused.value.code == "other_amount" and festival.page(act).balance_fen == 50


@pytest.mark.parametrize(
    "request_of, code",
    [
        ({"scene": "snow"}, "unknown_scene"),
        ({"amount_fen": 0}, "bad_amount"),
        ({"amount_fen": 20_001}, "over_cap"),
        ({"rain": "a_b", "scene": "koi"}, "bad_order"),
        ({"rain": "monday"}, "bad_order"),
    ],
)
def test_b05_what_the_scene_does_not_allow_is_refused(
    festival: Festival, request_of: dict[str, str], code: str
) -> None:
    """Nothing is promised and no budget is touched."""
    act = festival.act()
    with pytest.raises(Refused) as refused:
        festival.award(act, **request_of)
    assert refused.value.code == code and festival.page(act).flow == []


def test_b06_occurrences_are_different_orders(festival: Festival) -> None:
    """The same scene gives once an occurrence."""
    act = festival.act()
    for rain in ("1", "2", "1"):
        festival.award(act, 10, "rain", rain)
    assert festival.page(act).income_fen == 20


def test_b10_without_the_token_store_awards_go_by_order_row(
    festival: Festival, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A token store that does not answer delays nothing; the award is not given again when it is back."""
    act, store = festival.act(), festival.desk.tokens
    with monkeypatch.context() as patched:

        def gone(*_: object) -> None:
            raise redis.ConnectionError("the token store is gone")

        for name in ("standing", "keep", "all", "mark_credited"):
            patched.setattr(store, name, gone)
        given = festival.award(act, 40, "rain", "9")
        assert given.state == "credited" and festival.page(act).balance_fen == 40
    again = festival.award(act, 40, "rain", "9")
    festival.credit()
    assert again.order == given.order and festival.page(act).balance_fen == 40


def test_b10_an_order_row_that_is_not_credited_is_shown_and_credited_later(
    festival: Festival, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The ledger fails after the row stands: the award is acknowledged, shown, and credited by reconciliation."""
    act = festival.act()
    with monkeypatch.context() as patched:
        patched.setattr(awarding, "_credited", lambda *_: False)
        assert festival.award(act, 60, "koi", "1").state == "accepted"
    before = festival.page(act)
    assert (before.balance_fen, before.waiting) == (60, 1)
    assert festival.reconcile_awards().repaired >= 1 and festival.reconcile_awards().missing == 0
    after = festival.page(act)
    assert (after.balance_fen, after.income_fen, after.waiting) == (60, 60, 0)
