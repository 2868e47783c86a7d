"""Judges history and evidence: which of the claimed invariants hold, are violated, or cannot be told.

Unknown is said whenever a plain 'holds' would be a guess: evidence is missing, nothing was seen, something stays
unsettled, the check itself crashed, or its canary stayed silent.
"""

import difflib
import time
from collections.abc import Iterable, Mapping
from contextlib import ExitStack, closing
from typing import Any, Final, Protocol

import duckdb
from msgspec.structs import replace

from invariants.accuse import TooMuch, accusations, small_world
from invariants.large import LargeWorld
from invariants.proof import Proofs
from invariants.registry import INVARIANTS, Invariant
from invariants.verdict import Role, Verdict, Witness

__all__ = ["accusations", "judge"]

Row = dict[str, Any]

_ROLES: Final[tuple[Role, ...]] = ("first", "worst", "last")


class World(Protocol):
    """What is judged, and a place to plant canaries in."""

    def supplied(self, table: str, columns: Iterable[str]) -> set[str]:
        """Those of the columns that some row of the table fills; all of an empty table."""

    def columns(self, query: str) -> list[str]:
        """The names of the columns that a query gives."""

    def rows(self, query: str) -> list[Row]:
        """What a query finds."""

    def rings(self, invariant: Invariant) -> bool:
        """Plant the invariant's known violation; does the invariant name it?"""


def judge(
    connection: duckdb.DuckDBPyConnection,
    claimed: Iterable[str],
    invariants: Mapping[str, Invariant] = INVARIANTS,
) -> list[Verdict]:
    """Judge each claimed invariant against the canonical tables or views that `connection` has.

    Raises ValueError for a name that is no invariant. Nothing in the connection's database is changed.
    """
    chosen = [_named(name, invariants) for name in dict.fromkeys(claimed)]
    with ExitStack() as stack:
        large = stack.enter_context(closing(LargeWorld(connection)))
        small = _small_world(connection, large, chosen, stack)
        # What somebody wrote for DuckDB alone is left to it.
        worlds = [small if small and INVARIANTS.get(each.name) is each else large for each in chosen]
        judged = [_judged(world, large.tables, each) for world, each in zip(worlds, chosen, strict=True)]
        picked = [row for _, rows in judged for row in rows.values()]
        proofs = stack.enter_context(closing(Proofs(connection, large.tables if small is None else (), picked)))
        return [
            _with_witnesses(verdict, each, rows, proofs) for (verdict, rows), each in zip(judged, chosen, strict=True)
        ]


def _named(name: str, invariants: Mapping[str, Invariant]) -> Invariant:
    if name in invariants:
        return invariants[name]
    nearest = difflib.get_close_matches(name, invariants, n=1, cutoff=0.0)
    hint = f"; did you mean {nearest[0]}?" if nearest else ""
    raise ValueError(f"no invariant is called {name!r}{hint}")


def _small_world(
    connection: duckdb.DuckDBPyConnection, large: LargeWorld, chosen: list[Invariant], stack: ExitStack
) -> World | None:
    """What there is to judge on SQLite, if that is little."""
    needed = large.tables & {table for invariant in chosen for table in invariant.needs}
    try:
        return stack.enter_context(small_world(connection, {table: large.columns(f"FROM {table}") for table in needed}))
    except TooMuch:
        return None


def _judged(world: World, tables: frozenset[str], invariant: Invariant) -> tuple[Verdict, dict[Role, Row]]:
    """One verdict, and violations to show; whatever goes wrong in a checker makes it unknown and never a pass."""
    started = time.perf_counter()
    try:
        verdict, rows = _checked(world, tables, invariant)
    except Exception as error:  # noqa: BLE001 a checker that crashes says unknown, whatever the crash
        verdict, rows = _failed(invariant, error), {}
    return replace(verdict, seconds=time.perf_counter() - started), rows


def _checked(world: World, tables: frozenset[str], invariant: Invariant) -> tuple[Verdict, dict[Role, Row]]:
    missing = _missing(world, tables, invariant)
    if missing:
        return _unknown(invariant, f"no evidence: {', '.join(missing)}"), {}
    (examined,) = world.rows(invariant.examined)[0].values()
    violations, rows = _violations(world, invariant)
    unsettled, doubt = _unsettled(world, invariant)
    rang = world.rings(invariant)
    found = Verdict(
        name=invariant.name,
        verdict="violated" if violations else "holds",
        statement=invariant.statement,
        examined=int(examined),
        violations=violations,
        unsettled=unsettled,
        canary="reported" if rang else "silent",
    )
    if not rang:
        return replace(found, verdict="unknown", reason="the planted canary was not reported"), rows
    if violations:
        return found, rows
    if unsettled:
        return replace(found, verdict="unknown", reason=f"{unsettled} unsettled, the first: {doubt}"), {}
    if not examined:
        return replace(found, verdict="unknown", reason="saw nothing"), {}
    return found, {}


def _missing(world: World, tables: frozenset[str], invariant: Invariant) -> list[str]:
    """Tables that are absent, and `table.column` where every row of a table leaves a needed column NULL."""
    absent = [table for table in invariant.needs if table not in tables]
    if absent:
        return absent
    return [
        f"{table}.{column}"
        for table, columns in invariant.needs.items()
        for column in columns
        if column not in world.supplied(table, columns)
    ]


def _unknown(invariant: Invariant, reason: str) -> Verdict:
    return Verdict(name=invariant.name, verdict="unknown", statement=invariant.statement, reason=reason)


def _failed(invariant: Invariant, error: Exception) -> Verdict:
    return _unknown(invariant, f"the check failed: {type(error).__name__}: {error}".splitlines()[0])


def _violations(world: World, invariant: Invariant) -> tuple[int, dict[Role, Row]]:
    """How many, and the first, the worst and the last of them in a total order."""
    columns = world.columns(invariant.violations)
    every = ", ".join(f'"{name}" NULLS LAST' for name in columns)
    backwards = ", ".join(f'"{name}" DESC NULLS LAST' for name in columns)
    moment = "moment NULLS LAST, " if "moment" in columns else ""
    moment_backwards = "moment DESC NULLS LAST, " if "moment" in columns else ""
    picked = world.rows(
        f"""
        SELECT * FROM (
            SELECT v.*, COUNT(*) OVER () AS "#count",
                ROW_NUMBER() OVER (ORDER BY {moment}{every}) AS "#first",
                ROW_NUMBER() OVER (ORDER BY badness DESC NULLS LAST, {moment}{every}) AS "#worst",
                ROW_NUMBER() OVER (ORDER BY {moment_backwards}{backwards}) AS "#last"
            FROM ({invariant.violations}) AS v
        ) AS w
        WHERE "#first" = 1 OR "#worst" = 1 OR "#last" = 1
        """
    )
    if not picked:
        return 0, {}
    rows = {role: next(row for row in picked if row[f"#{role}"] == 1) for role in _ROLES}
    return picked[0]["#count"], {role: _plain(row) for role, row in rows.items()}


def _plain(row: Row) -> Row:
    return {name: value for name, value in row.items() if not name.startswith("#")}


def _unsettled(world: World, invariant: Invariant) -> tuple[int, str]:
    """How many rows the evidence cannot decide, and the first of them in words."""
    if not invariant.unsettled:
        return 0, ""
    rows = world.rows(
        f'SELECT u.*, COUNT(*) OVER () AS "#count" FROM ({invariant.unsettled}) AS u ORDER BY subject, fault LIMIT 1'
    )
    return (rows[0]["#count"], _sentence("{subject} {fault}", rows[0])) if rows else (0, "")


def _with_witnesses(verdict: Verdict, invariant: Invariant, rows: Mapping[Role, Row], proofs: Proofs) -> Verdict:
    try:
        return replace(verdict, witnesses=[_witness(invariant, role, row, proofs) for role, row in rows.items()])
    except Exception as error:  # noqa: BLE001 nor does an accusation stand that cannot be proved
        return replace(_failed(invariant, error), seconds=verdict.seconds)


def _witness(invariant: Invariant, role: Role, row: Row, proofs: Proofs) -> Witness:
    return Witness(
        role=role,
        subject=str(row["subject"]),
        sentence=_sentence(invariant.sentence, row),
        badness=int(row["badness"] or 0),
        rows=[row, *proofs.of(invariant, row)],
    )


def _sentence(template: str, row: Row) -> str:
    """Fill a template; the row's `fault` is a template itself and is filled first."""
    values = {name: "unknown" if value is None else value for name, value in row.items()}
    if "fault" in values:
        values["fault"] = str(values["fault"]).format_map(values)
    return template.format_map(values)
