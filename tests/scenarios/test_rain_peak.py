"""The rain end to end: small showers on servers, one of which is killed in their midst. On the embedded backend the
evening of games rains too (test_festival.py)."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.harness.command import rainproof

pytestmark = [pytest.mark.night, pytest.mark.long, pytest.mark.timeout(400)]

SMALL = ("--people", "40", "--rounds", "2", "--duration", "5", "--seed", "5", "--tagged", "0.2")
JUDGED = (
    "idempotent_orders", "no_lost_award", "within_budget", "award_cap", "budget_settled", "wallet_view_complete",
    "bank_agrees", "token_integrity", "ledger_balances", "no_negative_balance",
    "coupon_stock", "no_lost_coupon", "coupon_used_once", "counter_monotone", "merge_preserves", "stage_isolation",
)  # fmt: skip


def rained(folder: Path, *options: str) -> dict[str, Any]:
    """What a small rain comes to; nothing of it may be left running."""
    said = rainproof(folder, "run", "rain_peak", *SMALL, *options, "--json", timeout_s=300)
    assert said.left == []
    told: dict[str, Any] = json.loads(said.out)
    assert said.code == told["exit_code"], said.err
    return told


def check(told: dict[str, Any]) -> None:
    """Every claimed invariant holds and saw something; all that was told is credited, long after it was told."""
    assert (told["verdict"], told["exit_code"], told["drained"]) == ("holds", 0, True), told["reasons"]
    assert {name for name, verdict in told["invariants"].items() if verdict["examined"]} == set(JUDGED)
    awards = told["awards"]
    assert awards["told"] <= awards["credited"] and awards["credited"] >= 2 * 40
    assert awards["waiting_most"] > 0
    asked = {"award", "wallet", "wallet_anew", "withdraw", "credit", "coupon", "use", "total", "bind"}
    assert asked == set(told["by_operation"])


@pytest.mark.servers
def test_b08_b10_b23_a_small_rain_on_servers_with_its_redis_killed(tmp_path: Path) -> None:
    """MariaDB, Redis and the bank in a process of its own; showers, views, withdrawals and thieves; Redis dies in their
    midst, and what clients felt is told."""
    told = rained(tmp_path, "--backend", "servers", "--fault", "kill=redis@2")
    check(told)
    (kill,) = [fault for fault in told["faults"] if fault["name"] == "kill=redis@2"]
    assert "killed Redis" in kill["detail"] and "award" in kill["felt"]


@pytest.mark.parametrize(
    ("scenario", "rounds", "complaint"),
    [
        ("group_grab", "2", "rainproof: --rounds 2: scenario 'group_grab' has no rounds"),
        ("rain_peak", "31", "rainproof: Invalid value for '--rounds': 31 is not in the range 1<=x<=30."),
    ],
)
def test_rounds_that_do_not_fit(tmp_path: Path, scenario: str, rounds: str, complaint: str) -> None:
    """One line that says what is wrong, and nothing is started."""
    assert rainproof(tmp_path, "run", scenario, "--rounds", rounds).complaint == complaint
