"""What a run's history and evidence come to in numbers: counts, money, settled operations, rates. SQL only;
latencies are in latency.py.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import duckdb
from msgspec.structs import replace

from harness.report.results import Awards, Fault, Felt, Money, Operations, Rate, Settled
from invariants.schema import EVIDENCE

FELT_S: Final = 5.0
_PREPARATION: Final = "fund"  # done before the schedule starts, so no part of its rate

_COUNTS: Final = """
SELECT operation, COUNT(*), COUNT(*) FILTER (outcome = 'ok'), COUNT(*) FILTER (outcome = 'fail'),
    COUNT(*) FILTER (outcome = 'info')
FROM history GROUP BY operation ORDER BY operation
"""

_MONEY: Final = """
SELECT
    (SELECT COALESCE(SUM(amount_fen), 0) FROM postings WHERE account_kind = 'escrow' AND kind IN ('pay', 'return')),
    (SELECT COALESCE(SUM(amount_fen), 0) FROM opens),
    (SELECT COALESCE(SUM(amount_fen), 0) FROM refunds),
    (SELECT COALESCE(SUM(amount_fen), 0) FROM postings WHERE account_kind = 'escrow'),
    (SELECT COALESCE(SUM(amount_fen), 0) FROM postings WHERE account_kind = 'user' AND kind = 'credit')
"""

# An intent that was answered later under the same key happened, whichever attempt it was that did it.
_SETTLED: Final = """
WITH doubtful AS (SELECT * FROM history WHERE outcome = 'info'),
done AS (SELECT DISTINCT operation, person, "key" FROM history WHERE outcome = 'ok' AND "key" IS NOT NULL),
looked AS (
    SELECT
        done."key" IS NOT NULL OR CASE doubtful.operation {happened} ELSE FALSE END AS happened,
        doubtful.operation IN ({evident}) AS evident
    FROM doubtful LEFT JOIN done USING (operation, person, "key")
)
SELECT COUNT(*) FILTER (happened), COUNT(*) FILTER (evident AND NOT happened),
    COUNT(*) FILTER (NOT evident AND NOT happened)
FROM looked
"""

_HAPPENED: Final = {
    ("award", "awards"): "EXISTS (FROM awards WHERE order_number = doubtful.subject)",
    ("fund", "postings"): "EXISTS (FROM postings WHERE entry = 'fund:' || doubtful.person || ':' || doubtful.\"key\")",
    ("pay", "packets"): "EXISTS (FROM packets WHERE packet = doubtful.subject AND state IS DISTINCT FROM 'void')",
    ("open", "opens"): (
        "EXISTS (FROM opens WHERE packet = doubtful.subject AND person = doubtful.person"
        ' AND COALESCE("key", doubtful."key") = doubtful."key")'
    ),
}

# Moments in microseconds: those of the history are on the generator's clock, those of postings on the database's.
_AWARDS: Final = """
WITH told AS (
    SELECT subject, MIN(done_ns) // 1000 AS at_us FROM history
    WHERE (operation = 'award' OR (operation = 'play' AND amount_fen > 0)) AND outcome = 'ok' AND mark IS NULL
    GROUP BY subject
),
credited AS (SELECT posted_us AS at_us FROM postings WHERE kind = 'award' AND account_kind = 'user'),
seconds AS (
    SELECT COUNT(*) OVER (ORDER BY at_us RANGE BETWEEN 999999 PRECEDING AND CURRENT ROW) AS awards FROM told
),
span AS (SELECT MIN(at_us) AS first_us, MAX(at_us) AS last_us FROM told),
waiting AS (
    SELECT SUM(awards) OVER (ORDER BY at_us, awards) AS awards
    FROM (SELECT at_us, 1 AS awards FROM told UNION ALL SELECT at_us, -1 FROM credited)
)
SELECT
    (SELECT COUNT(*) FROM told),
    (SELECT COUNT(*) FROM credited),
    (SELECT MAX(awards) FROM seconds),
    (SELECT COUNT(*) FROM credited, span WHERE at_us BETWEEN first_us AND last_us),
    (SELECT last_us - first_us FROM span),
    (SELECT MAX(awards) FROM waiting)
"""

_FELT: Final = """
SELECT operation, COUNT(*) FILTER (outcome = 'ok'), COUNT(*) FILTER (outcome = 'fail'),
    COUNT(*) FILTER (outcome = 'info'),
    (quantile_disc(done_ns - intended_ns, 0.99) FILTER (done_ns IS NOT NULL)) // 1000
FROM history WHERE intended_ns >= ? AND intended_ns < ? GROUP BY operation ORDER BY operation
"""

_RATE: Final = """
SELECT COUNT(*), (MAX(intended_ns) - MIN(intended_ns)) / 1e9, (MAX(sent_ns) - MIN(sent_ns)) / 1e9
FROM history WHERE operation <> ?
"""


def connect(folder: Path) -> duckdb.DuckDBPyConnection:
    """A database whose views are the history and the evidence of the run in `folder`, as far as they are
    there.
    """
    connection = duckdb.connect()
    connection.execute("SET enable_progress_bar = false")  # it would stand on standard output, beside --json
    sources = {"history": folder / "history" / "parquet" / "*" / "*.parquet"}
    sources |= {table: folder / "evidence" / f"{table}.parquet" for table in EVIDENCE}
    for table, pattern in sources.items():
        if any(folder.glob(str(pattern.relative_to(folder)))):
            quoted = str(pattern).replace("'", "''")
            columns = "* EXCLUDE (part)" if table == "history" else "*"
            options = ", hive_partitioning = true" if table == "history" else ""
            connection.execute(f"CREATE VIEW {table} AS SELECT {columns} FROM read_parquet('{quoted}'{options})")
    return connection


def tables(connection: duckdb.DuckDBPyConnection) -> set[str]:
    """Which of the canonical tables are there."""
    return {name for (name,) in connection.execute("SELECT table_name FROM information_schema.tables").fetchall()}


def by_operation(connection: duckdb.DuckDBPyConnection) -> dict[str, Operations]:
    """How the operations of each kind ended."""
    return {name: Operations(*counts) for name, *counts in _rows(connection, _COUNTS)}


def total(counts: dict[str, Operations]) -> Operations:
    """All kinds together."""
    names = Operations.__struct_fields__
    return Operations(*(sum(getattr(count, name) for count in counts.values()) for name in names))


def money(connection: duckdb.DuckDBPyConnection, packets_balance: bool) -> Money | None:
    """The equation in fen, of all packets together; None without evidence. `packets_balance`: does it hold
    for each?
    """
    if not {"opens", "refunds", "postings"} <= tables(connection):
        return None
    ((funded, opened, refunded, held, credited),) = _rows(connection, _MONEY)
    return Money(
        funded_fen=funded,
        opened_fen=opened,
        refunded_fen=refunded,
        held_fen=held,
        credited_fen=credited,
        balanced=packets_balance and funded == opened + refunded + held,
    )


def awards(connection: duckdb.DuckDBPyConnection) -> Awards | None:
    """How fast awards were given, and how fast credited; None where none was given, or without evidence."""
    if not {"history", "postings"} <= tables(connection):
        return None
    ((told, credited, peak, within, span_us, waiting),) = _rows(connection, _AWARDS)
    if not told or not span_us:
        return None
    credited_per_s = within / (span_us / 1e6)
    return Awards(
        told=told,
        credited=credited,
        peak_per_s=float(peak),
        credited_per_s=round(credited_per_s, 1),
        times=round(peak / credited_per_s, 1) if within else None,
        waiting_most=max(0, int(waiting)),
    )


def settled(connection: duckdb.DuckDBPyConnection) -> Settled:
    """What became of the indeterminate operations. Unsettled are also those that leave nothing in the
    evidence: looks, grabs.
    """
    there = tables(connection)
    known = {operation: sql for (operation, table), sql in _HAPPENED.items() if table in there}
    happened = " ".join(f"WHEN '{operation}' THEN {sql}" for operation, sql in known.items()) or "WHEN '' THEN FALSE"
    evident = ", ".join(f"'{operation}'" for operation in known) or "''"
    ((yes, no, unknown),) = _rows(connection, _SETTLED.format(happened=happened, evident=evident))
    return Settled(happened=yes, did_not_happen=no, unsettled=unknown)


def rate(connection: duckdb.DuckDBPyConnection) -> Rate | None:
    """Operations a second over the load: as intended, and as sent. None for fewer than two."""
    ((count, intended_s, sent_s),) = connection.execute(_RATE, [_PREPARATION]).fetchall()
    if not intended_s or not sent_s:
        return None
    return Rate(offered_per_s=round(count / intended_s, 1), achieved_per_s=round(count / sent_s, 1))


def felt(connection: duckdb.DuckDBPyConnection, struck: Sequence[Fault]) -> list[Fault]:
    """The faults, each with what clients felt of it: until the next, but for so many seconds at most."""
    ends_ns = [*(fault.at_ns for fault in struck), sys.maxsize][1:]
    return [
        replace(fault, felt_s=_span_s(fault, end_ns), felt=_felt(connection, fault.at_ns, _span_s(fault, end_ns)))
        for fault, end_ns in zip(struck, ends_ns, strict=True)
    ]


def _span_s(fault: Fault, end_ns: int) -> float:
    return round(min(FELT_S, (end_ns - fault.at_ns) / 1e9), 1)


def _felt(connection: duckdb.DuckDBPyConnection, at_ns: int, span_s: float) -> dict[str, Felt]:
    rows = connection.execute(_FELT, [at_ns, at_ns + int(span_s * 1e9)]).fetchall()
    return {operation: Felt(*counts) for operation, *counts in rows}


def _rows(connection: duckdb.DuckDBPyConnection, query: str) -> list[tuple[Any, ...]]:
    return connection.execute(query).fetchall()
