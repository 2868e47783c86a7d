"""What the strategies draw is what they promise; no drawn legal history is accused, and every damage to one is."""

import subprocess
import sys
from collections import Counter
from datetime import date, timedelta
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from msgspec import Struct

from invariants.accuse import accusations_among
from invariants.allocation import SHARE_FEN_MAX, divisible
from invariants.judge import judge
from invariants.legal import Row, Rows
from invariants.nights import SENDINGS, VISITS, Night, Packet, play
from invariants.registry import INVARIANTS
from invariants.strategies import (
    FAULTS,
    INT64_MAX,
    Fault,
    OrderNumber,
    days,
    fault_plans,
    histories,
    identifiers,
    keys,
    nights,
    order_numbers,
    packets,
    people,
    tokens,
)
from invariants.tables import canonical, connect

QUICK = settings(
    max_examples=60, deadline=None, derandomize=True, database=None, phases=(Phase.generate, Phase.shrink),
    suppress_health_check=list(HealthCheck),
)  # fmt: skip
MANY = settings(QUICK, max_examples=120)
FEW = settings(QUICK, max_examples=2, phases=(Phase.generate,))


def drawn(strategy: st.SearchStrategy[Any], count: int = 200) -> list[Any]:
    """Some values of a strategy; Hypothesis draws imported modules' constants too, so they may be others elsewhere."""
    found: list[Any] = []

    @settings(QUICK, max_examples=count, phases=(Phase.generate,))
    @given(strategy)
    def keep(value: Any) -> None:
        found.append(value)

    keep()
    return found


def accused(rows: Rows) -> list[str]:
    """The invariants that find a violation."""
    return [name for name, count in accusations_among(canonical(rows), INVARIANTS).items() if count]


# --- legal histories --------------------------------------------------------------------------------------------------


@MANY
@given(nights())
def test_no_legal_history_is_accused(night: Night) -> None:
    """Races, losses, retries, second keys, expiries, returned payments, clocks within their error: no violation."""
    assert accused(play(night)) == []


@FEW
@given(nights(packets_max=5, visits_max=30))
def test_the_judge_does_not_accuse_a_legal_history(night: Night) -> None:
    """The whole judgement says holds, or that it saw nothing; nothing is unsettled and every canary rings."""
    with connect(play(night)) as evidence:
        for verdict in judge(evidence, INVARIANTS):
            assert verdict.verdict == "holds" or verdict.reason == "saw nothing", verdict
            assert (verdict.canary, verdict.unsettled) == ("reported", 0), verdict


def test_histories_hold_every_kind_of_life() -> None:
    """Every way to send and to visit occurs, every state a packet ends in, every outcome, a retry that is answered."""
    played = drawn(nights(), 500)
    assert {sending.behaviour for night in played for sending in night.sendings} == set(SENDINGS)
    assert {visit.behaviour for night in played for visit in night.visits} == set(VISITS)
    tables = [play(night) for night in played]
    history = [row for rows in tables for row in rows["history"]]
    assert {row["state"] for rows in tables for row in rows["packets"]} == {"paid", "exhausted", "refunded", "void"}
    assert Counter(row["outcome"] for row in history).keys() == {"ok", "fail", "info"}
    reasons = {row.get("reason") for row in history if row["outcome"] == "fail"}
    assert reasons >= {"sold_out", "already_opened", "expired", "not_paid", "void", "insufficient_funds"}
    assert {row["tag"] for row in history} == {True, False}
    assert any(happened_unseen(rows) for rows in tables) and any(did_not_happen(rows) for rows in tables)


def happened_unseen(rows: Rows) -> bool:
    """Is there an open whose client was never told?"""
    told = {(row.get("subject"), row.get("key")) for row in rows["history"] if row["outcome"] == "ok"}
    return any((row["packet"], row["key"]) not in told for row in rows["opens"])


def did_not_happen(rows: Rows) -> bool:
    """Is there an open that may have happened and did not?"""
    taken = {(row["packet"], row["key"]) for row in rows["opens"]}
    unanswered = [row for row in rows["history"] if row["operation"] == "open" and row["outcome"] == "info"]
    return any((row["subject"], row["key"]) not in taken for row in unanswered)


def test_a_plan_is_played_the_same_every_time() -> None:
    """Two performances of one plan leave the same rows."""
    for night in drawn(nights(), 8):
        assert play(night) == play(night)


# --- damaged histories ------------------------------------------------------------------------------------------------


class Damage(Struct, frozen=True):
    """One thing done to one row, and the invariant that must say so."""

    what: str
    table: str
    row: int
    column: str
    by: int
    meant: str


MONEY = {
    "packets": ("total_fen", "packet_funded_once"),
    "opens": ("amount_fen", "exactly_once_credit"),
    "refunds": ("amount_fen", "refund_once_after_expiry"),
    "postings": ("amount_fen", "ledger_balances"),
    "accounts": ("balance_fen", "ledger_balances"),
    "history": ("amount_fen", "no_lost_acknowledgement"),
}
LOST = {
    "packets": "packet_funded_once",
    "opens": "exactly_once_credit",
    "refunds": "exactly_once_credit",
    "postings": "ledger_balances",
    "accounts": "ledger_balances",
    "history": "no_phantom",
}
DOUBLED = {
    "packets": "ids_unique",
    "opens": "one_open_per_user",
    "refunds": "refund_once_after_expiry",
    "postings": "ledger_balances",
}


@st.composite
def damaged(draw: st.DrawFn) -> tuple[Rows, Damage]:
    """A legal history, and what is to be done to it."""
    rows = draw(histories().filter(lambda rows: rows["packets"]))
    what = draw(st.sampled_from(["amount", "lost", "doubled"]))
    where = {"amount": MONEY, "lost": LOST, "doubled": DOUBLED}[what]
    table = draw(
        st.sampled_from([table for table in where if any(speaks(what, table, row, rows) for row in rows[table])])
    )
    row = draw(st.sampled_from([n for n, row in enumerate(rows[table]) if speaks(what, table, row, rows)]))
    column, meant = MONEY[table] if what == "amount" else ("", where[table])
    return rows, Damage(what, table, row, column, draw(st.sampled_from([-1, 1])), meant)


def speaks(what: str, table: str, row: Row, rows: Rows) -> bool:
    """Does it matter if this befalls this row? What never was, or was asked twice, is not missed."""
    if table == "packets":
        return what == "doubled" or row["state"] != "void"
    if table == "history":
        matters = row["operation"] in ("fund", "pay", "open") and row["outcome"] != "fail"
        return matters and (only_attempt(row, rows) if what == "lost" else row["outcome"] == "ok")
    return True


def only_attempt(row: Row, rows: Rows) -> bool:
    """Did this attempt alone do what stands in the evidence?"""
    attempts = [
        one
        for one in rows["history"]
        if one["outcome"] != "fail" and (one["operation"], one.get("key")) == (row["operation"], row["key"])
    ]
    effects = {
        "fund": [one for one in rows["postings"] if one["entry"] == f"fund:{row['person']}:{row['key']}"],
        "pay": [one for one in rows["packets"] if one["packet"] == row.get("subject") and one["state"] != "void"],
        "open": [one for one in rows["opens"] if one["key"] == row["key"]],
    }
    return len(attempts) == 1 and bool(effects[row["operation"]])


def do(damage: Damage, rows: Rows) -> None:
    listed = rows[damage.table]
    if damage.what == "amount":
        listed[damage.row][damage.column] += damage.by
    elif damage.what == "lost":
        del listed[damage.row]
    else:
        listed.append(dict(listed[damage.row]))


@MANY
@given(damaged())
def test_damage_is_accused_by_the_invariant_meant_to(drawn_: tuple[Rows, Damage]) -> None:
    """A fen more or less, a row lost, a row doubled, in any table: the invariant that is named for it says so."""
    rows, damage = drawn_
    do(damage, rows)
    assert damage.meant in accused(rows)


# --- what is drawn ----------------------------------------------------------------------------------------------------


def test_packets_can_be_divided_and_their_ends_are_likely() -> None:
    """Always divisible, equal ones without remainder; one share, most shares, a fen each, 200 yuan each all occur."""
    found: list[Packet] = drawn(packets())
    assert all(divisible(one.total_fen, one.shares) and one.shares <= 1000 for one in found)
    assert all(one.total_fen % one.shares == 0 for one in found if one.kind == "equal")
    for end in (
        [one for one in found if one.shares == 1],
        [one for one in found if one.shares == 1000],
        [one for one in found if one.kind == "lucky" and one.total_fen == one.shares > 1],
        [one for one in found if one.kind == "lucky" and one.total_fen == SHARE_FEN_MAX * one.shares],
    ):
        assert 5 < len(end) < 100
    assert {one.kind for one in drawn(packets(kinds=["equal"]), 20)} == {"equal"}
    assert {one.shares for one in drawn(packets(shares_min=3, shares_max=4), 40)} == {3, 4}


def test_fault_plans_are_in_order_and_say_how_much() -> None:
    """One fault a point, sorted; a delay is longer than nothing, a clock jumps either way; only the kinds asked for."""
    plans: list[tuple[Fault, ...]] = drawn(fault_plans(points=50, faults_max=4))
    faults = [fault for plan in plans for fault in plan]
    assert {fault.kind for fault in faults} == set(FAULTS)
    assert {len(plan) for plan in plans} == {0, 1, 2, 3, 4}
    for plan in plans:
        points = [fault.point for fault in plan]
        assert points == sorted(set(points)) and all(0 <= point < 50 for point in points)
    assert all(fault.by_us > 0 for fault in faults if fault.kind == "delay")
    assert {fault.by_us > 0 for fault in faults if fault.kind == "clock"} == {True, False}
    assert all(fault.by_us == 0 for fault in faults if fault.kind not in ("delay", "clock"))
    assert {fault.kind for plan in drawn(fault_plans(kinds=["twice"]), 20) for fault in plan} == {"twice"}


@QUICK
@given(order_numbers(), order_numbers())
def test_order_numbers_read_back_and_are_told_apart(one: OrderNumber, other: OrderNumber) -> None:
    """Five parts, none with _, so that the number reads back and two orders never share one."""
    parts = str(one).split("_")
    assert parts == [str(one.act_id), one.scene_id, str(one.rain_id), one.award_type, one.stage]
    assert (str(one) == str(other)) == (one == other)


@QUICK
@given(tokens())
def test_tokens_have_the_fields_of_the_protobuf(token: dict[str, Any]) -> None:
    """Nine fields within int64 and int32; the order number is that of the token's person, scene and rain."""
    assert list(token) == [
        "AppID", "ActID", "ActivityID", "SceneID", "Amount", "OutTradeNo", "OpenTime", "RainID", "Status",
    ]  # fmt: skip
    assert 1 <= token["AppID"] <= 8 and 1 <= token["Amount"] <= INT64_MAX and 0 <= token["RainID"] < 2**31
    assert token["OutTradeNo"].startswith(f"{token['ActID']}_{token['SceneID']}_{token['RainID']}_")


@QUICK
@given(people(), keys(), identifiers())
def test_names_fit_where_they_must(person: int, key: str, identifier: str) -> None:
    """People are integers that JSON has whole, keys stand in a header, ids need no quoting in a path."""
    assert 1 <= person <= 2**53
    assert 1 <= len(key) <= 64 and key.isascii() and key.isprintable() and " " not in key
    assert identifier and set(identifier) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-")


def test_days_turn_months() -> None:
    """Most days of month occur, and many a last and a first one."""
    found: list[date] = drawn(days(), 200)
    assert len({day.day for day in found}) > 20 and {30, 31} & {day.day for day in found}
    assert sum((day + timedelta(1)).day == 1 for day in found) > 10 and sum(day.day == 1 for day in found) > 10


def test_only_strategies_and_machine_need_hypothesis() -> None:
    """The judge runs where Hypothesis is not installed."""
    look = "import sys, invariants.judge, invariants.nights, invariants.model; sys.exit('hypothesis' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", look], check=False).returncode == 0
