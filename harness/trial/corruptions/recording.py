"""A recorded run in memory: which row each corruption takes, and copies of the tables with the corruption in."""

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import duckdb

from harness import figures
from harness.config import ConfigError
from harness.trial.corruptions import Corruption
from invariants.schema import EVIDENCE, HISTORY

Row = dict[str, Any]

_TABLES: Final = {"history": HISTORY, **EVIDENCE}
_WORDS: Final = (Path(__file__).parent / "words.sql").read_text(encoding="utf-8")
_PARAMETER: Final = re.compile(r"\$(\w+)")
_COPY: Final = "corrupted"

_BALANCES_FOLLOW: Final = """
UPDATE accounts SET balance_fen = COALESCE((
    SELECT SUM(postings.amount_fen) FROM postings
    WHERE
        postings.store = accounts.store
        AND postings.account = accounts.account
        AND COALESCE(postings.tag, FALSE) = COALESCE(accounts.tag, FALSE)
), 0)
"""


def load(folder: Path) -> duckdb.DuckDBPyConnection:
    """The canonical tables of the run in `folder`, as far as they are there, in memory. ConfigError: none is there."""
    connection = figures.connect(folder)
    present = figures.tables(connection)
    if not present:
        raise ConfigError(f"{folder}: neither history nor evidence is here: name a run that was judged")
    for table in sorted(present):
        connection.execute(f"CREATE TABLE loaded AS FROM {table}")
        connection.execute(f"DROP VIEW {table}")
        connection.execute(f"ALTER TABLE loaded RENAME TO {table}")
    return connection


def picked(recording: duckdb.DuckDBPyConnection, corruptions: Iterable[Corruption]) -> Mapping[str, Row | None]:
    """The row that each corruption takes; None where the recording has none."""
    with recording.cursor() as private:  # sees the recording, and nobody sees its temporary tables and views
        for table in _TABLES.keys() - figures.tables(recording):
            described = ", ".join(f'"{name}" {kind}' for name, kind in _TABLES[table].items())
            private.execute(f"CREATE TEMP TABLE {table} ({described})")
        private.execute(_WORDS)
        return {corruption.name: _first(private, corruption.pick) for corruption in corruptions}


def _first(connection: duckdb.DuckDBPyConnection, pick: str) -> Row | None:
    """The first row in the total order of all columns."""
    cursor = connection.execute(f"SELECT * FROM ({pick}) AS candidates ORDER BY ALL LIMIT 1")
    names = [column[0] for column in cursor.description or ()]
    row = cursor.fetchone()
    return dict(zip(names, row, strict=True)) if row else None


@contextmanager
def corrupted(recording: duckdb.DuckDBPyConnection, corruption: Corruption, row: Row) -> Iterator[bool]:
    """Within the block, unqualified names mean copies of the tables that are touched, with the corruption in.

    Yields whether every statement changed something; if not, nothing can be concluded. The tables must be there.
    """
    recording.execute(f"CREATE SCHEMA {_COPY}")
    try:
        for table in sorted(touched(corruption)):
            recording.execute(f"CREATE TABLE {_COPY}.{table} AS FROM main.{table}")
        recording.execute(f"SET search_path = '{_COPY},main'")
        yield all(_change(recording, statement, row) for statement in _statements(corruption))
    finally:
        recording.execute("SET search_path = 'main'")
        recording.execute(f"DROP SCHEMA {_COPY} CASCADE")


def touched(corruption: Corruption) -> set[str]:
    """The canonical tables that a corruption's statements name."""
    return {word for statement in _statements(corruption) for word in re.findall(r"\w+", statement)} & _TABLES.keys()


def _statements(corruption: Corruption) -> list[str]:
    last = [_BALANCES_FOLLOW] if corruption.balances_follow else []
    return corruption.change.split(";") + last


def _change(connection: duckdb.DuckDBPyConnection, statement: str, row: Row) -> bool:
    """Runs a statement with those of the row's values that it names; did it change anything?"""
    values = {name: row[name] for name in _PARAMETER.findall(statement)}
    changed = connection.execute(statement, values).fetchone()
    return bool(changed and changed[0])
