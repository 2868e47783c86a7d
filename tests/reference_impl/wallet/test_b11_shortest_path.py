"""The shortest path: with every weak dependency off cash is credited by compute and the databases alone (B11)."""

from typing import Any

import pytest
import redis
from festival import Festival

from reference_impl.domain.errors import Refused
from reference_impl.resilience.switches import SWITCHES


class Untouched(redis.Redis):
    """A Redis that nobody may ask."""

    def execute_command(self, *arguments: Any, **_options: Any) -> Any:
        pytest.fail(f"a Redis was asked: {arguments[0]}")

    def pipeline(self, *_arguments: Any, **_options: Any) -> Any:
        pytest.fail("a Redis was asked")


@pytest.fixture
def bare(festival: Festival) -> Festival:
    """A process in whose wallet every Redis is out of bounds."""
    other = festival.like()
    for store in (other.desk.tokens, other.desk.known, other.desk.locks):
        store.client = Untouched()
    other.desk.tokens._keep = other.desk.tokens.client.register_script("")
    return other


def test_b11_rain_is_credited_at_once_without_any_redis(bare: Festival) -> None:
    """Awards, page and withdrawal ask the databases only; an order number is still one award, and a cap a cap."""
    act = bare.act()
    with bare.controls(shortest_path=1):
        given = [bare.award(act, 100, "rain", rain) for rain in ("1", "2", "1")]
        assert [each.state for each in given] == ["credited", "credited", "accepted"]
        shown = bare.page(act)
        assert (shown.balance_fen, shown.flow, shown.degraded) == (200, None, ["flow", "coupons"])
        with pytest.raises(Refused, match="cap"):
            bare.award(act, 20_001, "rain", "3")
        assert bare.withdraw(act, 150).state == "paid"
        assert bare.page(act).balance_fen == 50


def test_b11_a_promise_from_before_is_paid_by_the_clients_token(festival: Festival, bare: Festival) -> None:
    """What a token promised before the path became short is credited when its client asks for a withdrawal."""
    act = festival.act()
    token = festival.award(act, 300, "rain", "1").token
    with bare.controls(shortest_path=1):
        assert bare.withdraw(act, 300, "", token).state == "paid"
    festival.credit()
    assert festival.page(act, token).balance_fen == 0


def test_b11_the_budget_is_not_forgotten(bare: Festival) -> None:
    """What the short path gives is taken out of a slice, as ever."""
    before = bare.promised_fen("rain")
    with bare.controls(shortest_path=1):
        bare.award(bare.act(), 77, "rain", "1")
    bare.desk.budgets.close()
    assert bare.promised_fen("rain") - before == 77


def test_b11_every_switch_at_its_last_setting(bare: Festival) -> None:
    """With all switches on the precedence leaves a system that gives awards."""
    act = bare.act()
    with bare.controls(**dict.fromkeys(SWITCHES, 1)):
        assert bare.award(act, 10, "rain", "1").state == "credited"
        assert bare.page(act).balance_fen == 10
    assert bare.system.controls.on("kv_skip") is False


def test_b11_what_it_brings_along_ends_with_it(festival: Festival) -> None:
    """The switches that it puts in force are not set themselves."""
    brought = SWITCHES["shortest_path"].brings
    controls = festival.system.controls
    with festival.controls(shortest_path=1):
        assert all(controls.on(name) and not controls.value(name) for name in brought)
    assert not any(controls.on(name) for name in brought)
