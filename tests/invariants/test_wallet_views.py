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
