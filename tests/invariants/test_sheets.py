"""Of a sheet only lines that balance are left out, and of a large one nearly all of these."""

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st
from worlds import clean_night

from invariants.registry import SHARED, shared
from invariants.sheets import is_sheet, lines_in_doubt

Line = tuple[str | None, int | None, int | None, int | None]

_UNEVEN = """
SELECT packet, fen, COALESCE(SUM(due), 0) AS due, COALESCE(SUM(shown), 0) AS shown FROM ({lines})
GROUP BY packet, fen HAVING COALESCE(SUM(due), 0) <> COALESCE(SUM(shown), 0) ORDER BY ALL
"""

lines = st.lists(
    st.tuples(
        st.sampled_from([None, "p1", "p2", "p3"]),
        st.sampled_from([None, 1, 2]),
        st.sampled_from([None, 0, 1, 2]),
        st.sampled_from([None, 0, 1, 2]),
    ),
    max_size=12,
)


def sheet(connection: duckdb.DuckDBPyConnection, rows: list[Line]) -> str:
    """A sheet of these lines."""
    connection.execute("CREATE OR REPLACE TABLE sheet (packet VARCHAR, fen BIGINT, due INTEGER, shown INTEGER)")
    if rows:
        connection.executemany("INSERT INTO sheet VALUES (?, ?, ?, ?)", rows)
    return "SELECT packet, fen, due, shown, 7 AS moment FROM sheet"


@pytest.fixture(scope="module")
def connection() -> duckdb.DuckDBPyConnection:
    """A database of its own, on one thread."""
    return duckdb.connect(":memory:", config={"threads": 1})


@given(rows=lines)
def test_what_does_not_balance_is_in_doubt(connection: duckdb.DuckDBPyConnection, rows: list[Line]) -> None:
    """Whoever asks for what is uneven gets the same of the lines in doubt as of all lines, NULLs included."""
    every = sheet(connection, rows)
    doubted = lines_in_doubt(connection, every)
    assert connection.execute(_UNEVEN.format(lines=doubted)).fetchall() == (
        connection.execute(_UNEVEN.format(lines=every)).fetchall()
    )


@pytest.mark.parametrize("wrong", [0, 3, 6_000])
def test_of_a_large_sheet_little_is_in_doubt(connection: duckdb.DuckDBPyConnection, wrong: int) -> None:
    """Of 20,000 packets those that lack a fen are found among few others; where they are many, all are looked at."""
    every = f"""
        SELECT 'p' || line AS packet, 100 AS fen, 1 AS due, NULL AS shown FROM range(20000) AS lines(line)
        UNION ALL
        SELECT 'p' || line, CASE WHEN line < {wrong} THEN 99 ELSE 100 END, NULL, 1 FROM range(20000) AS lines(line)
    """
    doubted = lines_in_doubt(connection, every)
    ((count, packets),) = connection.execute(
        f"SELECT COUNT(*), COUNT(DISTINCT packet) FILTER (fen = 99) FROM ({doubted})"
    ).fetchall()
    assert packets == wrong
    assert count <= 40 * wrong if wrong < 100 else count == 40_000


@pytest.mark.parametrize("name", [name for name in SHARED if is_sheet(name)])
def test_a_sheet_says_what_is_due_and_what_is_shown(name: str) -> None:
    """Every shared relation called a sheet has the columns that one must have."""
    with clean_night().load() as night:
        columns = [column for column, *_ in night.execute(f"DESCRIBE {shared(name)}").fetchall()]
    assert {"due", "shown"} < set(columns) and columns[0] not in ("due", "shown", "moment")
