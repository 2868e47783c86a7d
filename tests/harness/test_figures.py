"""Figures of a run: counts, money, what became of indeterminate operations, rates."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from harness import figures
from harness.report.results import Awards, Fault, Felt, Operations, Settled
from invariants.schema import EVIDENCE, HISTORY


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    """All canonical tables, empty."""
    with duckdb.connect() as connection:
        for table, columns in {"history": HISTORY, **EVIDENCE}.items():
            declared = ", ".join(f'"{name}" {kind}' for name, kind in columns.items())
            connection.execute(f"CREATE TABLE {table} ({declared})")
        yield connection


def insert(connection: duckdb.DuckDBPyConnection, table: str, **row: Any) -> None:
    """One row; what is not given is NULL."""
    names, marks = ", ".join(f'"{name}"' for name in row), ", ".join("?" for _ in row)
    connection.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", list(row.values()))


def test_nothing_is_drawn_on_standard_output(tmp_path: Path) -> None:
    """A judgement of minutes says nothing beside the one JSON object: DuckDB draws no progress bar."""
    with figures.connect(tmp_path) as connection:
        assert connection.execute("SELECT current_setting('enable_progress_bar')").fetchone() == (False,)


def operate(connection: duckdb.DuckDBPyConnection, operation: str, outcome: str, **row: Any) -> None:
    """One operation in the history."""
    moments = {"intended_ns": 0, "sent_ns": 0, "done_ns": 1000}
    insert(connection, "history", operation=operation, outcome=outcome, **{**moments, **row})


def post(connection: duckdb.DuckDBPyConnection, kind: str, account_kind: str, amount_fen: int, entry: str) -> None:
    """One line of the ledger."""
    insert(connection, "postings", kind=kind, account_kind=account_kind, amount_fen=amount_fen, entry=entry)


def test_counts_add_up(connection: duckdb.DuckDBPyConnection) -> None:
    """Counts by operation sum to the counts of all."""
    for operation, outcome in [("open", "ok"), ("open", "info"), ("open", "fail"), ("grab", "fail")]:
        operate(connection, operation, outcome)
    counts = figures.by_operation(connection)
    assert counts == {"grab": Operations(1, 0, 1, 0), "open": Operations(3, 1, 1, 1)}
    assert figures.total(counts) == Operations(4, 1, 2, 1)


def pay_and_open(connection: duckdb.DuckDBPyConnection, opened_fen: int) -> None:
    """A packet of 100 fen of which a share was opened and credited, and 40 fen were refunded."""
    post(connection, "pay", "user", -100, "pay:p")
    post(connection, "pay", "escrow", 100, "pay:p")
    insert(connection, "opens", packet="p", person="2", amount_fen=opened_fen)
    post(connection, "credit", "escrow", -opened_fen, "credit:p-1")
    post(connection, "credit", "user", opened_fen, "credit:p-1")
    insert(connection, "refunds", packet="p", person="1", amount_fen=40)
    post(connection, "refund", "escrow", -40, "credit:p-0")
    post(connection, "refund", "user", 40, "credit:p-0")


def test_money_balances(connection: duckdb.DuckDBPyConnection) -> None:
    """What was paid in is opened, refunded or held; what was opened is credited."""
    pay_and_open(connection, 60)
    money = figures.money(connection, True)
    assert money
    assert (money.funded_fen, money.opened_fen, money.refunded_fen, money.held_fen) == (100, 60, 40, 0)
    assert (money.credited_fen, money.balanced) == (60, True)


def test_money_does_not_balance(connection: duckdb.DuckDBPyConnection) -> None:
    """A share that was opened and never left the escrow account unbalances the equation; so does one bad packet."""
    pay_and_open(connection, 60)
    honest = figures.money(connection, False)
    insert(connection, "opens", packet="p", person="3", amount_fen=5)
    robbed = figures.money(connection, True)
    assert honest and robbed
    assert not honest.balanced
    assert not robbed.balanced


def test_no_money_without_evidence() -> None:
    """A target without postings has no equation."""
    with duckdb.connect() as empty:
        assert figures.money(empty, True) is None


def test_indeterminate_operations_are_looked_up(connection: duckdb.DuckDBPyConnection) -> None:
    """Evidence tells whether it happened; what leaves no evidence stays unsettled unless its key was answered later."""
    insert(connection, "opens", packet="p", person="1", key="k1")
    insert(connection, "packets", packet="p", state="paid")
    insert(connection, "packets", packet="q", state="void")
    insert(connection, "awards", order_number="o-1", person="1")
    post(connection, "fund", "user", 5, "fund:1:f1")
    happened = [
        ("award", {"subject": "o-1", "person": "1", "key": "a1"}),
        ("open", {"subject": "p", "person": "1", "key": "k1"}),
        ("pay", {"subject": "p", "person": "1", "key": "x"}),
        ("fund", {"person": "1", "key": "f1"}),
        ("send", {"person": "1", "key": "again"}),
    ]
    did_not = [
        ("award", {"subject": "o-2", "person": "1", "key": "a2"}),
        ("open", {"subject": "p", "person": "1", "key": "another"}),
        ("open", {"subject": "p", "person": "2", "key": "k1"}),
        ("open", {"subject": "q", "person": "1", "key": "k1"}),
        ("pay", {"subject": "q", "person": "1", "key": "y"}),
        ("fund", {"person": "1", "key": "f2"}),
    ]
    unsettled = [("send", {"person": "1", "key": "never"}), ("details", {"subject": "p", "person": "1"})]
    for operation, row in [*happened, *did_not, *unsettled]:
        operate(connection, operation, "info", **row)
    operate(connection, "send", "ok", person="1", key="again")
    assert figures.settled(connection) == Settled(happened=5, did_not_happen=6, unsettled=2)


def test_rate_leaves_preparations_out(connection: duckdb.DuckDBPyConnection) -> None:
    """Offered is by the schedule, achieved as sent; funding comes before either."""
    operate(connection, "fund", "ok", intended_ns=-(10**12), sent_ns=-(10**12))
    assert figures.rate(connection) is None
    for number in range(11):
        operate(connection, "open", "ok", intended_ns=number * 10**8, sent_ns=number * 2 * 10**8)
    rate = figures.rate(connection)
    assert rate
    assert (rate.offered_per_s, rate.achieved_per_s) == (11.0, 5.5)


def test_what_clients_felt_of_a_fault(connection: duckdb.DuckDBPyConnection) -> None:
    """Counted is what was due in the seconds after a fault, until the next; a latency is of what was answered."""
    second = 10**9
    for at_s, outcome, took_ms in [(0, "ok", 900), (1, "ok", 5), (2, "fail", 40), (3, "info", None), (4, "ok", 7)]:
        done_ns = None if took_ms is None else at_s * second + took_ms * 10**6
        operate(connection, "open", outcome, intended_ns=at_s * second, done_ns=done_ns)
    operate(connection, "grab", "info", intended_ns=3 * second, done_ns=None)
    first, last = figures.felt(connection, [Fault("a=b@1", 1.0, "", second), Fault("c=d@4", 4.0, "", 4 * second)])
    assert first.felt == {"grab": Felt(0, 0, 1, None), "open": Felt(1, 1, 1, 40_000)}
    assert (first.felt_s, last.felt_s) == (3.0, 5.0)
    assert last.felt == {"open": Felt(1, 0, 0, 7_000)}
    assert figures.felt(connection, []) == []


def test_awards_peak_and_crediting(connection: duckdb.DuckDBPyConnection) -> None:
    """Six awards, five of them within a second, one told of twice; three are credited while they come, one later."""
    assert figures.awards(connection) is None
    for number, at_ms in enumerate([0, 3100, 3200, 3300, 3900, 4000]):
        operate(connection, "award", "ok", subject=f"o-{number}", done_ns=at_ms * 1_000_000)
    operate(connection, "award", "ok", subject="o-1", done_ns=3_950 * 1_000_000)
    operate(connection, "award", "info", subject="o-9", done_ns=3_950 * 1_000_000)
    for number, at_ms in enumerate([1000, 3500, 3800, 9000]):
        line = {"kind": "award", "account_kind": "user", "posted_us": at_ms * 1000}
        insert(connection, "postings", entry=f"o-{number}", amount_fen=1, **line)
        insert(connection, "postings", entry=f"o-{number}", amount_fen=-1, **{**line, "account_kind": "budget"})
    assert figures.awards(connection) == Awards(6, 4, 5.0, 0.8, 6.7, 3)
