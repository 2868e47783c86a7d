"""Coupon stock: never more than what is prepared, through races, time-outs and a Redis that lost or forgot (B12)."""

import itertools
from pathlib import Path
from typing import Any

import pytest
import redis
from festival import Festival

from reference_impl.domain.coupons import is_low, prepared, quota
from reference_impl.domain.errors import Refused
from reference_impl.resilience.gauges import GAUGES
from reference_impl.wallet.award import Given
from reference_impl.wallet.coupons import stock_report
from reference_impl.wallet.stock import Counted

_names = itertools.count(1)
SCENES = """
id = "spring"
[[scenes]]
id = "{name}"
award_type = "tea"
bill = "tea"
stock = {stock}
{terms}
[[scenes]]
id = "{name}-2"
award_type = "arts"
bill = "arts"
stock = 2
"""


class Shop:
    """Processes that give one template's coupons, and its fallback's where `terms` speak of it."""

    def __init__(self, festival: Festival, folder: Path, stock: int, terms: str = "", processes: int = 1) -> None:
        self.name = f"shop-{next(_names)}"
        file = folder / f"{self.name}.toml"
        file.write_text(SCENES.format(name=self.name, stock=stock, terms=terms.replace("NAME", self.name)))
        self.processes = [festival.like(activity=str(file)) for _ in range(processes)]
        self.festival = self.processes[0]

    def give(self, number: int = 0, act: int = 0, rain: str = "1") -> Given:
        return self.processes[number % len(self.processes)].coupon(act or self.festival.act(), self.name, rain)

    def given(self, times: int) -> list[str]:
        """What so many people are given, one after the other, or the code they are refused with."""
        return [answer.template or answer.state for answer in self.asked(times)]

    def asked(self, times: int) -> list[Given]:
        return [self.give() for _ in range(times)]

    def counted(self) -> Counted:
        (counted,) = (each for each in stock_report(self.festival.desk) if each.template == self.name)
        return counted

    def forget(self) -> None:
        """Redis loses the counts."""
        for key in self.counts():
            self.festival.desk.tokens.client.delete(key)

    def counts(self) -> list[str]:
        return list(self.festival.desk.tokens.client.scan_iter(f"*stock:{self.name}:*"))


def slow(shop: Shop, monkeypatch: pytest.MonkeyPatch, times: int) -> None:
    """So many counts are raised, and their answers do not come in time."""
    left, take = itertools.count(1), shop.festival.desk.stock._take

    def late(**what: Any) -> Any:
        number = take(**what)
        if next(left) <= times:
            raise redis.TimeoutError("late")
        return number

    monkeypatch.setattr(shop.festival.desk.stock, "_take", late)


def test_b12_quotas_of_split_keys_sum_to_what_is_prepared() -> None:
    """Five per cent more than the stock, rounded down, over any number of keys; the last tenth begins below 10 %."""
    assert [prepared(stock) for stock in (1, 19, 20, 100)] == [1, 19, 21, 105]
    assert all(
        sum(quota(units, part, parts) for part in range(parts)) == units for units in (1, 7, 21) for parts in (1, 8)
    )
    assert [left for left in range(22) if is_low(left, 21)] == [0, 1, 2]


def test_b12_two_processes_never_give_more_than_is_prepared(festival: Festival, tmp_path: Path) -> None:
    """Sixty ask at once for a stock of 20: 21 get a coupon, all others are told that none is left."""
    shop = Shop(festival, tmp_path, 20, processes=2)
    answers = festival.at_once(shop.give, 60)
    given = [answer for answer in answers if isinstance(answer, Given)]
    assert {answer.code for answer in answers if isinstance(answer, Refused)} == {"out_of_stock"}
    assert len(given) == 21 == shop.counted().issued and shop.counted().burnt == 0


def test_b12_one_order_number_is_one_coupon(festival: Festival, tmp_path: Path) -> None:
    """Asked for thirty times at once and once more later it is the same; units that lost the race are burnt."""
    shop, act = Shop(festival, tmp_path, 100), festival.act()
    answers = {answer.order for answer in festival.at_once(lambda _: shop.give(act=act), 30)}
    assert answers == {shop.give(act=act).order} and shop.counted().issued == 1


def test_b12_below_a_tenth_the_fallback_is_given_and_then_the_blessing(festival: Festival, tmp_path: Path) -> None:
    """Each person gets the first that there is, and the same when they ask again."""
    shop = Shop(festival, tmp_path, 40, 'fallback = "NAME-2"\nblessing = "good luck"')
    acts = [festival.act() for _ in range(42)]
    given = [shop.give(act=act) for act in acts]
    kinds = [answer.template or answer.state for answer in given]
    assert [kinds.count(kind) for kind in (shop.name, f"{shop.name}-2", "blessing")] == [38, 2, 2]
    assert {answer.blessing for answer in given if answer.state == "blessing"} == {"good luck"}
    assert [shop.give(act=act) for act in acts] == given


@pytest.mark.parametrize(("switch", "kind"), [("coupon_fallback", "{}-2"), ("coupon_blessing", "blessing")])
def test_b12_switches_give_something_else(festival: Festival, tmp_path: Path, switch: str, kind: str) -> None:
    """By a switch the fallback or the blessing is given at once, and once it is off the coupon again."""
    shop = Shop(festival, tmp_path, 20, 'fallback = "NAME-2"')
    shop.festival.system.controls.set(switch, 1, "tests")
    assert shop.given(1) == [kind.format(shop.name)]
    shop.festival.system.controls.set(switch, 0, "tests")
    assert shop.given(1) == [shop.name]


def test_b12_the_blessing_excludes_the_fallback(festival: Festival) -> None:
    """With both set, the blessing is in force."""
    controls = festival.like().system.controls
    for switch in ("coupon_fallback", "coupon_blessing"):
        controls.set(switch, 1, "tests")
    in_force = [controls.on(switch) for switch in ("coupon_fallback", "coupon_blessing")]
    for switch in ("coupon_fallback", "coupon_blessing"):
        controls.set(switch, 0, "tests")
    assert in_force == [False, True]


def test_b12_a_time_out_is_in_progress_and_burns_stock(
    festival: Festival, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer is no refusal; asked again the person gets one coupon, and the unit that was lost is measured."""
    shop, act = Shop(festival, tmp_path, 100), festival.act()
    slow(shop, monkeypatch, times=1)
    with pytest.raises(Refused) as told:
        shop.give(act=act)
    assert (told.value.code, told.value.kind.definite) == ("in_progress", False)
    assert shop.give(act=act).template == shop.name
    assert (shop.counted().taken, shop.counted().issued, shop.counted().burnt) == (2, 1, 1)
    labels = (shop.name, "live", "live", "burnt")
    assert GAUGES["coupon_units"].read(shop.festival.system)[labels] == 1


def test_b12_the_surplus_outweighs_what_time_outs_burn(
    festival: Festival, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With one unit in twenty-one burnt, as many people get a coupon as the stock was meant for."""
    shop = Shop(festival, tmp_path, 20)
    slow(shop, monkeypatch, times=1)
    answers = festival.at_once(shop.give, 22, threads=1)
    assert sum(isinstance(answer, Given) for answer in answers) == 20
    assert shop.counted().burnt * 100 <= 5 * shop.counted().prepared


def test_b12_counts_that_redis_lost_are_found_in_the_rows(festival: Festival, tmp_path: Path) -> None:
    """Emptied again and again, Redis never makes more be given than is prepared, nor less."""
    shop = Shop(festival, tmp_path, 20, processes=2)
    given = 0
    for _ in range(5):
        answers = festival.at_once(shop.give, 8)
        given += sum(isinstance(answer, Given) for answer in answers)
        shop.forget()
    assert given == 21
    assert set(festival.at_once(shop.give, 4)) and shop.counted().issued == 21


def test_b12_a_redis_that_came_back_older_gives_no_unit_twice(festival: Festival, tmp_path: Path) -> None:
    """Counts as they were before: the row of a unit stands, and the counts are raised to what rows say."""
    shop = Shop(festival, tmp_path, 40)
    client = shop.festival.desk.tokens.client
    shop.asked(4)
    older = {key: client.get(key) for key in shop.counts()}
    shop.asked(20)
    client.mset(older)
    answers = festival.at_once(shop.give, 40)
    assert sum(isinstance(answer, Given) for answer in answers) == 42 - 24
    assert shop.counted().issued == 42


def test_b12_the_sides_have_stocks_of_their_own(festival: Festival, tmp_path: Path) -> None:
    """Pressure traffic takes nothing of what people get."""
    shop = Shop(festival, tmp_path, 20)
    for _ in range(5):
        shop.give(act=festival.act(tagged=True))
    counted = {each.tag: each.issued for each in stock_report(shop.festival.desk) if each.template == shop.name}
    assert counted == {True: 5}
