"""Coupons and pendants are used: once, from any app, and asking again changes nothing (B24)."""

import pytest
from festival import Festival

from reference_impl.domain.acts import APPS
from reference_impl.domain.errors import Refused
from reference_impl.wallet.coupons import Coupon


def test_b24_eight_apps_at_once_use_a_coupon_once(festival: Festival) -> None:
    """One of them is told that it did, the others that it was used before; the page shows it as used."""
    act = festival.act()
    coupon = festival.coupon(act, "pendant").order
    apps = list(APPS)
    answers = festival.at_once(lambda number: festival.use(act, coupon, apps[number]), len(apps))
    assert sum(isinstance(answer, Coupon) for answer in answers) == 1
    assert {answer.code for answer in answers if isinstance(answer, Refused)} == {"already_used"}
    assert [(each.coupon, each.used) for each in festival.page(act).coupons] == [(coupon, True)]


def test_b24_the_same_key_gets_the_same_answer(festival: Festival) -> None:
    """However often and from whatever app it asks."""
    act, key = festival.act(), festival.key()
    coupon = festival.coupon(act, "tea").order
    first = festival.use(act, coupon, "douyin", key)
    answers = festival.at_once(lambda number: festival.use(act, coupon, "novel", key), 10)
    assert set(answers) == {first} and first.used


def test_b24_only_its_holder_uses_a_coupon(festival: Festival) -> None:
    """Somebody else is refused, and it stays unused."""
    act = festival.act()
    coupon = festival.coupon(act, "tea").order
    with pytest.raises(Refused, match="somebody else"):
        festival.use(festival.act(), coupon)
    assert not festival.page(act).coupons[0].used


@pytest.mark.parametrize("coupon", ["nothing", "{act}_tea_1_tea_live"])
def test_b24_what_was_not_given_cannot_be_used(festival: Festival, coupon: str) -> None:
    """Neither what is no number nor a number that nothing stands under."""
    act = festival.act()
    with pytest.raises(Refused) as refused:
        festival.use(act, coupon.format(act=act))
    assert refused.value.code == "unknown_coupon"


def test_b24_a_blessing_is_no_coupon(festival: Festival) -> None:
    """It is on no page and cannot be used."""
    process, act = festival.like(), festival.act()
    process.system.controls.set("coupon_blessing", 1, "tests")
    given = process.coupon(act, "tea")
    process.system.controls.set("coupon_blessing", 0, "tests")
    assert given.state == "blessing" and given.blessing and process.page(act).coupons == []
    with pytest.raises(Refused) as refused:
        process.use(act, given.order)
    assert refused.value.code == "unknown_coupon"
