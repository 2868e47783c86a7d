"""Judging schedules: many at once as one large night, in which everybody and everything bears its schedule's number."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

import duckdb
import pyarrow as pa

from harness.simulation.schedule import Played
from harness.simulation.world import Row
from harness.target.coerce import arrow_column
from invariants.accuse import accusations_among
from invariants.judge import judge
from invariants.schema import EVIDENCE, HISTORY, Columns
from invariants.verdict import Verdict

_TABLES: Final[Mapping[str, Columns]] = {"history": HISTORY, **EVIDENCE}
_NAMES: Final = frozenset(
    (
        *("worker", "store", "home", "person", "sender", "subject", "packet", "voucher", "account", "entry", "key"),
        *("order_number", "orders", "scene", "withdrawal", "coupon", "template", "activity", "reader", "holder"),
        *("pool", "occurrence"),
    )
)
"""Columns that say who or what: two schedules' must not be taken for the same. The number stands at the end, where it
leaves alone what an entry's name begins with."""


def judge_all(played: Sequence[Played], claims: Iterable[str]) -> list[Verdict]:
    """The verdicts over all of these schedules together."""
    with _connected(played, apart=True) as connection:
        return judge(connection, claims)


def judge_one(played: Played, claims: Iterable[str]) -> list[Verdict]:
    """The verdicts over one schedule."""
    with _connected([played], apart=False) as connection:
        return judge(connection, claims)


def accused(played: Played, claims: Iterable[str]) -> list[str]:
    """The invariants that one schedule violates: quickly, without witnesses or canaries."""
    return [name for name, count in accusations_among(played.rows, claims).items() if count]


@contextmanager
def _connected(played: Sequence[Played], apart: bool) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(":memory:", config={"threads": 1}) as connection:
        for table, columns in _TABLES.items():
            named = [
                place for place, (name, kind) in enumerate(columns.items()) if kind == "VARCHAR" and name in _NAMES
            ]
            rows = [
                _apart(row, named, number) if apart else row
                for number, one in enumerate(played)
                for row in one.rows.get(table, ())
            ]
            connection.register(f"rows_of_{table}", _arrow(rows, columns))
            connection.execute(f"CREATE TABLE {table} AS FROM rows_of_{table}")
        yield connection


def _apart(row: Row, named: Sequence[int], number: int) -> Row:
    """The row with its schedule's number behind every name in it; `orders` has several."""
    told = list(row)
    for place in named:
        if told[place]:
            told[place] = ",".join(_numbered(name, number) for name in str(told[place]).split(","))
    return tuple(told)


def _numbered(name: Any, number: int) -> str:
    """A funding's entry is two names, `fund:{person}:{key}`, and both bear the number."""
    kind, _, names = str(name).partition(":")
    person, _, key = names.partition(":")
    return f"fund:{person}#{number}:{key}#{number}" if kind == "fund" and key else f"{name}#{number}"


def _arrow(rows: Sequence[Row], columns: Columns) -> pa.Table:
    values: Sequence[Sequence[Any]] = list(zip(*rows, strict=True)) if rows else [()] * len(columns)
    return pa.table(
        {name: arrow_column(name, column, kind) for column, (name, kind) in zip(values, columns.items(), strict=True)}
    )
