"""Award types: money and coupons are given by one protocol; a new type is a line and a scene (B03)."""

from pathlib import Path

import msgspec
import pytest
from festival import ACTIVITY, Festival

from reference_impl.domain import scenes
from reference_impl.domain.coupons import is_coupon
from reference_impl.domain.errors import Refused
from reference_impl.domain.scenes import AWARD_TYPES, load_activity

COUPON = """
id = "spring"
[[scenes]]
id = "{id}"
award_type = "{type}"
bill = "a coupon"
{terms}
"""


def test_b03_every_type_is_given_in_the_shipped_activity() -> None:
    """Cash, the video subsidy, ten kinds of coupons and the pendant each have a scene."""
    given = {scene.award_type for scene in load_activity(ACTIVITY.read_text(encoding="utf-8")).scenes}
    assert given == set(AWARD_TYPES) and len(given - set(scenes.MONEY)) == 11


def test_b03_the_same_request_gives_any_type(festival: Festival) -> None:
    """Each scene answers under its own order number; what is no money is on the page as a coupon, and in no balance."""
    act = festival.act()
    given = {
        scene.id: festival.award(act, 0 if is_coupon(scene) else 10, scene.id, "7")
        for scene in festival.desk.activity.scenes
    }
    money = sum(not is_coupon(scene) for scene in festival.desk.activity.scenes)
    shown = festival.page(act)
    assert all(answer.order.startswith(f"{act}_{scene}_7_") for scene, answer in given.items())
    assert (shown.balance_fen, shown.income_fen, len(shown.flow)) == (10 * money, 10 * money, money)
    assert [(each.coupon, each.template) for each in shown.coupons] == sorted(
        (answer.order, scene) for scene, answer in given.items() if answer.state == "coupon"
    )


def test_b03_a_new_type_is_a_line_and_a_scene(
    festival: Festival, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A kind of coupon that nobody has heard of is given and used without any other change."""
    monkeypatch.setitem(AWARD_TYPES, "zoo", "zoo coupon")
    file = tmp_path / "zoo.toml"
    file.write_text(COUPON.format(id="zoo", type="zoo", terms="stock = 3"))
    zoo, act = festival.like(activity=str(file)), festival.act()
    given = zoo.coupon(act, "zoo")
    assert given.template == "zoo" and zoo.use(act, given.order).award_type == "zoo"


@pytest.mark.parametrize(
    "terms",
    ["", "stock = 0", 'stock = 1\npath = "token"', 'stock = 1\nfallback = "tea"', 'stock = 1\nfallback = "none"'],
)
def test_b03_a_coupon_whose_terms_do_not_fit_is_refused_at_load(terms: str) -> None:
    """No stock, a token, a fallback to itself or to what is not there."""
    with pytest.raises(msgspec.ValidationError, match="scene tea"):
        load_activity(COUPON.format(id="tea", type="tea", terms=terms))


def test_b03_money_needs_an_amount_and_coupons_have_none(festival: Festival) -> None:
    """Each is refused the other's request."""
    with pytest.raises(Refused, match="amount"):
        festival.award(festival.act(), 0, "rain")
    with pytest.raises(Refused, match="amount"):
        festival.award(festival.act(), 10, "pendant")
