"""Judges history and evidence: which of the claimed invariants hold, are violated, or cannot be told.

Unknown is said whenever a plain 'holds' would be a guess: evidence is missing, nothing was seen, something stays
unsettled, the check itself crashed, or its canary stayed silent.
"""

import difflib
import re
import time
from collections.abc import Iterable, Mapping
from typing import Any, Final, cast

import duckdb
from msgspec.structs import replace

from invariants.accuse import accusations
from invariants.canary import CanaryBench
from invariants.registry import INVARIANTS, Invariant
from invariants.verdict import Role, Verdict, Witness

__all__ = ["accusations", "judge"]

Row = dict[str, Any]

_ROLES: Final[tuple[Role, ...]] = ("first", "worst", "last")
_PARAMETER: Final = re.compile(r"\$(\w+)")


def judge(
    connection: duckdb.DuckDBPyConnection,
    claimed: Iterable[str],
    invariants: Mapping[str, Invariant] = INVARIANTS,
) -> list[Verdict]:
    """Judge each claimed invariant against the canonical tables or views that `connection` has.

    Raises ValueError for a name that is no invariant. Nothing in the connection's database is changed.
    """
    chosen = [_named(name, invariants) for name in dict.fromkeys(claimed)]
    evidence = _Evidence(connection, chosen)
    bench = CanaryBench(connection, evidence.tables)
    try:
        return [_judged(connection, evidence, bench, invariant) for invariant in chosen]
    finally:
        bench.close()


def _named(name: str, invariants: Mapping[str, Invariant]) -> Invariant:
    if name in invariants:
        return invariants[name]
    nearest = difflib.get_close_matches(name, invariants, n=1, cutoff=0.0)
    hint = f"; did you mean {nearest[0]}?" if nearest else ""
    raise ValueError(f"no invariant is called {name!r}{hint}")


class _Evidence:
    """What the connection has: which tables, and which of their needed columns are supplied."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, chosen: list[Invariant]) -> None:
        self._connection = connection
        self._wanted: dict[str, set[str]] = {}
        for invariant in chosen:
            for table, columns in invariant.needs.items():
                self._wanted.setdefault(table, set()).update(columns)
        self._empty: dict[str, frozenset[str]] = {}
        found = connection.execute("SELECT table_name FROM information_schema.tables").fetchall()
        self.tables = frozenset(row[0] for row in found)

    def missing(self, invariant: Invariant) -> list[str]:
        """Tables that are absent, and `table.column` where every row of a table leaves a needed column NULL."""
        absent = [table for table in invariant.needs if table not in self.tables]
        if absent:
            return absent
        return [
            f"{table}.{column}"
            for table, columns in invariant.needs.items()
            for column in columns
            if column in self._unsupplied(table)
        ]

    def _unsupplied(self, table: str) -> frozenset[str]:
        if table not in self._empty:
            wanted = sorted(self._wanted[table])
            present = [column for column in wanted if column in _columns(self._connection, f"FROM {table}")]
            counts = "".join(f', COUNT("{column}")' for column in present)
            rows, *filled = _one_row(self._connection, f"SELECT COUNT(*){counts} FROM {table}")
            supplied = {column for column, count in zip(present, filled, strict=True) if count or not rows}
            self._empty[table] = frozenset(wanted) - supplied
        return self._empty[table]


def _judged(
    connection: duckdb.DuckDBPyConnection, evidence: _Evidence, bench: CanaryBench, invariant: Invariant
) -> Verdict:
    """One verdict; whatever goes wrong in a checker makes it unknown and never a pass."""
    started = time.perf_counter()
    try:
        verdict = _checked(connection, evidence, bench, invariant)
    except Exception as error:  # noqa: BLE001 a checker that crashes says unknown, whatever the crash
        verdict = _unknown(invariant, f"the check failed: {type(error).__name__}: {error}".splitlines()[0])
    return replace(verdict, seconds=time.perf_counter() - started)


def _checked(
    connection: duckdb.DuckDBPyConnection, evidence: _Evidence, bench: CanaryBench, invariant: Invariant
) -> Verdict:
    missing = evidence.missing(invariant)
    if missing:
        return _unknown(invariant, f"no evidence: {', '.join(missing)}")
    examined = int(_one_row(connection, invariant.examined)[0])
    violations, witnesses = _violations(connection, invariant)
    unsettled, doubt = _unsettled(connection, invariant)
    rang = bench.reports(invariant)
    found = Verdict(
        name=invariant.name,
        verdict="violated" if violations else "holds",
        statement=invariant.statement,
        examined=examined,
        violations=violations,
        unsettled=unsettled,
        canary="reported" if rang else "silent",
        witnesses=witnesses,
    )
    if not rang:
        return replace(found, verdict="unknown", reason="the planted canary was not reported")
    if violations:
        return found
    if unsettled:
        return replace(found, verdict="unknown", reason=f"{unsettled} unsettled, the first: {doubt}")
    if not examined:
        return replace(found, verdict="unknown", reason="saw nothing")
    return found


def _unknown(invariant: Invariant, reason: str) -> Verdict:
    return Verdict(name=invariant.name, verdict="unknown", statement=invariant.statement, reason=reason)


def _violations(connection: duckdb.DuckDBPyConnection, invariant: Invariant) -> tuple[int, list[Witness]]:
    """How many, and the first, the worst and the last of them in a total order."""
    columns = _columns(connection, invariant.violations)
    every = ", ".join(f'"{name}"' for name in columns)
    backwards = ", ".join(f'"{name}" DESC' for name in columns)
    moment = "moment NULLS LAST, " if "moment" in columns else ""
    moment_backwards = "moment DESC NULLS LAST, " if "moment" in columns else ""
    picked = _rows(
        connection,
        f"""
        SELECT v.*, COUNT(*) OVER () AS "#count",
            ROW_NUMBER() OVER (ORDER BY {moment}{every}) AS "#first",
            ROW_NUMBER() OVER (ORDER BY badness DESC NULLS LAST, {moment}{every}) AS "#worst",
            ROW_NUMBER() OVER (ORDER BY {moment_backwards}{backwards}) AS "#last"
        FROM ({invariant.violations}) AS v
        QUALIFY "#first" = 1 OR "#worst" = 1 OR "#last" = 1
        """,
    )
    if not picked:
        return 0, []
    witnesses = [
        _witness(connection, invariant, role, next(row for row in picked if row[f"#{role}"] == 1)) for role in _ROLES
    ]
    return picked[0]["#count"], witnesses


def _witness(connection: duckdb.DuckDBPyConnection, invariant: Invariant, role: Role, picked: Row) -> Witness:
    row = {name: value for name, value in picked.items() if not name.startswith("#")}
    proof = [
        found
        for statement in invariant.proof.split(";")
        if statement.strip()
        for found in _rows(connection, statement, row)
    ]
    return Witness(
        role=role,
        subject=str(row["subject"]),
        sentence=_sentence(invariant.sentence, row),
        badness=int(row["badness"] or 0),
        rows=[row, *proof],
    )


def _unsettled(connection: duckdb.DuckDBPyConnection, invariant: Invariant) -> tuple[int, str]:
    """How many rows the evidence cannot decide, and the first of them in words."""
    if not invariant.unsettled:
        return 0, ""
    rows = _rows(
        connection,
        f'SELECT u.*, COUNT(*) OVER () AS "#count" FROM ({invariant.unsettled}) AS u ORDER BY subject, fault LIMIT 1',
    )
    return (rows[0]["#count"], _sentence("{subject} {fault}", rows[0])) if rows else (0, "")


def _sentence(template: str, row: Row) -> str:
    """Fill a template; the row's `fault` is a template itself and is filled first."""
    values = {name: "unknown" if value is None else value for name, value in row.items()}
    if "fault" in values:
        values["fault"] = str(values["fault"]).format_map(values)
    return template.format_map(values)


def _columns(connection: duckdb.DuckDBPyConnection, query: str) -> list[str]:
    return [column[0] for column in connection.execute(f"SELECT * FROM ({query}) AS q LIMIT 0").description or ()]


def _one_row(connection: duckdb.DuckDBPyConnection, query: str) -> tuple[Any, ...]:
    return cast("tuple[Any, ...]", connection.execute(query).fetchone())


def _rows(connection: duckdb.DuckDBPyConnection, query: str, values: Row | None = None) -> list[Row]:
    """Run a query with those of the values that it names as `$name`."""
    named = {name: (values or {}).get(name) for name in _PARAMETER.findall(query)}
    cursor = connection.execute(query, named) if named else connection.execute(query)
    names = [column[0] for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
