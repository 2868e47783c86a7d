"""What a wallet's view may say: awards and withdrawals as they were told, also where one is asked for twice."""

from typing import Any

import pytest
from worlds import World

MS = 1_000_000
PERSON = "7"


def wallet(*operations: dict[str, Any]) -> World:
    """A person who was given 100 fen and then did these things, one a millisecond unless they say when."""
    world = World()
    given = {"operation": "award", "subject": "order-1", "amount_fen": 100, "key": "a"}
    for number, told in enumerate([given, *operations], 1):
        row = {
            "worker": "w0",
            "number": number,
            "person": PERSON,
            "outcome": "ok",
            "sent_ns": number * MS,
            "done_ns": number * MS + MS // 2,
            "tag": False,
            "clock_error_ns": 0,
        }
        world.rows["history"].append(row | told)
    return world


def view(balance_fen: int, orders: str = "order-1", **more: Any) -> dict[str, Any]:
    told = {"operation": "wallet", "orders": orders, "balance_fen": balance_fen, "income_fen": 100 if orders else 0}
    return told | more


def takes(amount_fen: int, **more: Any) -> dict[str, Any]:
    return {"operation": "withdraw", "subject": "w-1", "amount_fen": amount_fen, "key": "tap"} | more


@pytest.mark.parametrize("name", ["wallet", "wallet_anew"])
def test_what_is_missing_is_found(name: str) -> None:
    """An award that was told of before must be shown, from the old phone and from a new one."""
    assert wallet(view(100, operation=name)).verdict("wallet_view_complete").verdict == "holds"
    verdict = wallet(view(0, "", operation=name)).verdict("wallet_view_complete")
    assert (verdict.verdict, verdict.violations, verdict.examined) == ("violated", 1, 1)


def test_two_taps_are_one_withdrawal() -> None:
    """Two answers under one key take the money once: what is left is what one of them left."""
    taps = takes(60), takes(60)
    assert wallet(*taps, view(40)).verdict("wallet_view_complete").verdict == "holds"
    for balance_fen in (100, -20):
        assert wallet(*taps, view(balance_fen)).verdict("wallet_view_complete").verdict == "violated"
    two = takes(60), takes(40, key="another")
    assert wallet(*two, view(0)).verdict("wallet_view_complete").verdict == "holds"
    assert wallet(*two, view(40)).verdict("wallet_view_complete").verdict == "violated"


def test_what_the_bank_refuses_may_be_away_until_it_is_told() -> None:
    """A view before the refusal was told may miss the money, one after it may not."""
    refused = takes(60, outcome="fail", sent_ns=2 * MS, done_ns=9 * MS)
    for balance_fen in (40, 100):
        assert wallet(refused, view(balance_fen)).verdict("wallet_view_complete").verdict == "holds"
    after = view(40, sent_ns=10 * MS, done_ns=11 * MS)
    assert wallet(refused, after).verdict("wallet_view_complete").verdict == "violated"


def merged(*operations: dict[str, Any]) -> World:
    """A person of whom it turns out then that they have another id too, under which they were given 30 fen."""
    other = {"person": "8", "operation": "award", "subject": "order-8", "amount_fen": 30, "key": "b"}
    world = wallet(other, {"person": "8", "operation": "bind", "subject": PERSON, "key": "c"}, *operations)
    world.rows["merges"].append({"store": "s", "person": "8", "holder": PERSON, "state": "merged", "tag": False})
    return world


def test_a_merged_person_is_one() -> None:
    """Under either id all awards are shown, and withdrawals under one key count once, whichever id asked."""
    whole = {"orders": "order-1,order-8", "income_fen": 130}
    taps = takes(60), takes(60, person="8")
    for person in ("7", "8"):
        for world in (merged(view(130, **whole, person=person)), merged(takes(60, person="8"), view(70, **whole))):
            assert world.verdict("wallet_view_complete").verdict == "holds"
        assert merged(view(100, person=person)).verdict("wallet_view_complete").verdict == "violated"
    assert merged(takes(60, person="8"), view(130, **whole)).verdict("wallet_view_complete").verdict == "violated"
    assert merged(*taps, view(70, **whole)).verdict("wallet_view_complete").verdict == "violated"


def test_the_balance_alone_of_a_merged_person() -> None:
    """Not more than all that was asked for under any of their ids, less what was withdrawn under any."""
    alone: dict[str, Any] = {"orders": None, "income_fen": None}
    whole = view(130, "order-1,order-8", income_fen=130)
    for balance_fen, verdict in ((0, "holds"), (70, "holds"), (71, "violated")):
        world = merged(whole, takes(60, person="8"), view(balance_fen) | alone)
        assert world.verdict("wallet_view_complete").verdict == verdict


@pytest.mark.parametrize(("holder", "verdict"), [(PERSON, "holds"), ("9", "violated")])
def test_a_coupon_is_its_persons_under_each_id(holder: str, verdict: str) -> None:
    """Told to one id and standing under another of the same person."""
    world = merged({"operation": "coupon", "subject": "tea-1"})
    row = {"store": "s", "coupon": "tea-1", "person": holder, "scene": "tea", "template": "tea", "award_type": "tea"}
    world.rows["coupons"].append(row | {"stage": "live", "stock": 9, "used": 0, "tag": False})
    assert world.verdict("no_lost_coupon").verdict == verdict
    world.rows["history"][-1]["person"] = "8"
    assert world.verdict("no_lost_coupon").verdict == verdict
