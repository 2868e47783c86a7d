"""The SDK: a library call answers as the HTTP route does, and money is as safe as by it (B21)."""

import itertools
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import msgspec
import pytest
import redis
from falcon.testing import TestClient
from festival import Festival

from reference_impl.api import make_app
from reference_impl.bootstrap import open_sdk
from reference_impl.domain.acts import act_id
from reference_impl.domain.errors import ERRORS, Refused
from reference_impl.resilience.tagging import TAG_HEADER
from reference_impl.wallet import login
from reference_impl.wallet.asking import Forced, Got
from reference_impl.wallet.sdk import Sdk

TestClient.__test__ = False  # pytest: not a test class
_phones = itertools.count(8_613_900_000_000)


class Campaign(NamedTuple):
    """A deployment, its API, and another service that embeds the SDK."""

    festival: Festival
    http: TestClient
    sdk: Sdk

    def routes(self, method: str, path: str, tagged: bool = False, **body: Any) -> Any:
        """The API's answer, or the code that it refuses with."""
        headers = {"Idempotency-Key": self.festival.key(), TAG_HEADER: str(int(tagged))}
        result = self.http.simulate_request(method, f"/v1/wallets/{path}", json=body or None, headers=headers)
        if result.status_code == 200:
            return result.json
        assert result.status_code == ERRORS[result.json["code"]].status
        return result.json["code"]


def by_library(call: Callable[[], Any]) -> Any:
    """The SDK's answer as JSON would have it, or the code that it refuses with."""
    try:
        return msgspec.to_builtins(call())
    except Refused as refused:
        return refused.code


@pytest.fixture
def campaign(festival: Festival) -> Iterator[Campaign]:
    with open_sdk(festival.system.settings, "game-1") as sdk:
        yield Campaign(festival, TestClient(make_app(festival.system, "test")), sdk)


def agreed(campaign: Campaign, call: str, act: int, *words: str, tagged: bool = False) -> Any:
    """What route and library both answer."""
    path = {"balance": f"{act}/balance", "has_got": f"{act}/awards/" + "/".join(words)}[call]
    told = campaign.routes("GET", path, tagged)
    assert by_library(lambda: getattr(campaign.sdk, call)(act, *words, tagged=tagged)) == told
    return told


def balance(campaign: Campaign, act: int) -> Any:
    return agreed(campaign, "balance", act)["balance_fen"]


def got(campaign: Campaign, act: int, *words: str) -> Any:
    return agreed(campaign, "has_got", act, *words)["order"]


def test_b21_the_library_answers_as_http_does(campaign: Campaign) -> None:
    """A promise, an order row, a coupon and nothing; before and after crediting, by library and by HTTP."""
    festival, one, two = campaign.festival, campaign.festival.act(), campaign.festival.act()
    for act in (one, two):
        orders = {scene: festival.award(act, 30, scene, "1").order for scene in ("rain", "koi")}
        orders["tea"] = festival.coupon(act, "tea", "1").order
        for _ in range(2):
            assert balance(campaign, act) == 60
            assert {scene: got(campaign, act, scene, "1") for scene in orders} == orders
            assert (got(campaign, act, "rain", "2"), got(campaign, act, "tea", "2")) == ("", "")
            if act == one:
                by_library(lambda act=act: campaign.sdk.force_credit(act))  # type: ignore[misc]
            else:
                campaign.routes("POST", f"{act}/credit", tokens=[])
    assert (festival.page(one).waiting, festival.page(two).waiting) == (0, 0)


def test_b21_both_refuse_the_same(campaign: Campaign) -> None:
    """Scenes and order numbers that are none, people who are none, and the other side of the tag."""
    act, tagged = campaign.festival.act(), campaign.festival.act(tagged=True)
    assert agreed(campaign, "has_got", act, "carp", "1") == "unknown_scene"
    assert agreed(campaign, "has_got", act, "rain", "1_2") == "bad_order"
    assert agreed(campaign, "balance", act_id(0, False)) == "bad_request"
    assert agreed(campaign, "balance", act, tagged=True) == agreed(campaign, "balance", tagged) == "tag_mismatch"
    campaign.festival.award(tagged, 40)
    assert agreed(campaign, "balance", tagged, tagged=True) == {"balance_fen": 40, "code": ""}


def test_b21_one_person_under_each_act_id(campaign: Campaign) -> None:
    """What an alias got its person has got, and owns; asked for under either (B01)."""
    festival, phone = campaign.festival, str(next(_phones))
    one, two = festival.act(), festival.act()
    orders = [festival.award(act, 20, "rain", str(act % 100)).order for act in (one, two)]
    coupon = festival.coupon(two, "tea", "7").order
    for act in (one, two):
        login.bind(festival.system, festival.desk, act, phone)
    for asked in (one, two):
        assert balance(campaign, asked) == 40
        assert [got(campaign, asked, "rain", str(act % 100)) for act in (one, two)] == orders
        assert got(campaign, asked, "tea", "7") == coupon


def test_b21_switches_hold_in_the_library(campaign: Campaign) -> None:
    """Within a second of being set: nothing is forced, tokens are not asked, the balance is the ledger's alone."""
    festival, act = campaign.festival, campaign.festival.act()
    festival.award(act, 30, "rain", "1")
    with festival.controls(forced_credit_off=1, token_store_off=1):
        campaign.sdk.look()
        assert campaign.sdk.force_credit(act) == Forced(0, "forced_credit_off")
        assert agreed(campaign, "has_got", act, "rain", "1") == {"got": False, "order": "", "code": "delayed"}
        assert agreed(campaign, "balance", act) == {"balance_fen": 0, "code": "delayed"}
    with festival.controls(wallet_balance_only=1):
        campaign.sdk.look()
        assert agreed(campaign, "balance", act) == {"balance_fen": 0, "code": "balance_only"}
    with festival.controls(force_per_s=1):
        campaign.sdk.look()
        answers = [by_library(lambda: campaign.sdk.force_credit(act)) for _ in range(3)]
        assert answers == [{"credited": 1, "code": ""}, "limited", "limited"]
    assert festival.page(act).waiting == 0


def test_b21_it_looks_by_itself(campaign: Campaign) -> None:
    """Nobody has to tell it: its own thread learns what operators set."""
    act = campaign.festival.act()
    with campaign.festival.controls(forced_credit_off=1):
        for _ in range(40):
            if campaign.sdk.force_credit(act).code:
                break
            campaign.sdk.system.runtime.sleep(0.025)
        assert campaign.sdk.force_credit(act) == Forced(0, "forced_credit_off")


def test_b21_without_the_token_store(campaign: Campaign, monkeypatch: pytest.MonkeyPatch) -> None:
    """The library does without, as the page does: rows and ledger answer, and it says what may be missing."""
    festival, act = campaign.festival, campaign.festival.act()
    koi = festival.award(act, 10, "koi", "1").order
    festival.award(act, 20, "rain", "1")
    tokens = campaign.sdk._desk.tokens
    monkeypatch.setattr(tokens.client, "execute_command", _gone)
    assert campaign.sdk.has_got(act, "koi", "1") == Got(True, koi)
    assert campaign.sdk.has_got(act, "rain", "1") == Got(False, code="delayed")
    assert campaign.sdk.balance(act).balance_fen == 10


def test_b21_a_store_that_is_gone_is_a_refusal(campaign: Campaign, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who embeds it hears the API's word, not SQLAlchemy's."""

    def fails(_work: Any) -> Any:
        raise redis.ConnectionError("gone")

    monkeypatch.setattr(campaign.sdk._desk.orders[0], "read", fails)
    assert by_library(lambda: campaign.sdk.balance(campaign.festival.act())) == "unavailable"


def test_b21_two_libraries_and_the_consumer_credit_once(campaign: Campaign) -> None:
    """All of them at once, about the same awards: each is in the account once."""
    festival, act = campaign.festival, campaign.festival.act()
    with open_sdk(festival.system.settings, "game-2") as other:
        tokens = [festival.award(act, 7, "rain", str(rain)).token for rain in range(20)]
        works = [
            lambda: campaign.sdk.force_credit(act),
            lambda: other.force_credit(act, tokens),
            lambda: festival.page(act, *tokens),
            festival.credit,
        ]
        festival.at_once(lambda n: works[n % len(works)](), 24, threads=8)
    shown = festival.page(act)
    assert (shown.balance_fen, shown.income_fen, shown.waiting) == (140, 140, 0)
    assert campaign.sdk.force_credit(act, tokens) == Forced(0)


def _gone(*_arguments: Any, **_options: Any) -> Any:
    raise redis.ConnectionError("gone")
