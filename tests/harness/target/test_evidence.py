"""Evidence from real databases, and what is refused in it."""

import json
import sqlite3
import threading
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import duckdb
import pyarrow.parquet as pq
import pymysql
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness import servers
from harness.config import ConfigError
from harness.target import Target
from harness.target.coerce import Unfit, arrow_column
from harness.target.evidence import collect_evidence
from harness.target.launch import launch
from invariants.schema import EVIDENCE

TargetOf = Callable[..., Target]
STORES = """[evidence.stores]
north_0 = "sqlite:///{data}/north_0"
north_1 = "sqlite:///{data}/north_1"
south_0 = "sqlite:///{data}/south_0"
"""
OPENS = """
SELECT packet, person, n AS sequence, fen AS amount_fen, marked AS tag, 'at 10:30 :x %s 5%' AS voucher FROM shares
"""


@pytest.fixture
def stores(tmp_path: Path) -> Path:
    """Three SQLite files of 25,000, 3 and no shares."""
    for name, count in (("north_0", 25_000), ("north_1", 3), ("south_0", 0)):
        with sqlite3.connect(tmp_path / name) as database:
            database.execute(
                "CREATE TABLE shares (packet INTEGER, person TEXT, n INTEGER, fen INTEGER, marked INTEGER)"
            )
            rows = ((7_000_000 + i, f"人{i}", i, i * 3, i % 2) for i in range(count))
            database.executemany("INSERT INTO shares VALUES (?, ?, ?, ?, ?)", rows)
        database.close()
    return tmp_path


def read(folder: Path, table: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pq.read_table(folder / f"{table}.parquet").to_pylist()
    return rows


def query(sql: str, patterns: str = '["north_*"]', table: str = "opens") -> str:
    return f"{STORES}\n[evidence.{table}]\nstores = {patterns}\nsql = '''{sql}'''\n"


def test_rows_arrive_in_the_canonical_shape(target_of: TargetOf, stores: Path) -> None:
    """Every store's rows, under its name, with canonical columns and types; what the query lacks is NULL."""
    assert collect_evidence(target_of(query(OPENS)), stores / "out") == {"opens": 25_003}
    rows = read(stores / "out", "opens")
    assert len(rows) == 25_003
    assert rows[25_001] == {
        "store": "north_1", "packet": "7000001", "person": "人1", "sequence": 1, "amount_fen": 3, "tag": True,
        "remaining_fen": None, "opened_us": None, "voucher": "at 10:30 :x %s 5%", "key": None,
        "home": None,
    }  # fmt: skip
    assert sum(row["amount_fen"] for row in rows if row["store"] == "north_0") == 3 * sum(range(25_000))
    assert pq.ParquetFile(stores / "out" / "opens.parquet").num_row_groups < 10  # in batches, not row by row
    found = duckdb.sql(f"DESCRIBE SELECT * FROM '{stores}/out/opens.parquet'").fetchall()
    assert {name: kind for name, kind, *_ in found} == EVIDENCE["opens"]


def test_query_that_finds_nothing_is_evidence_too(target_of: TargetOf, stores: Path) -> None:
    """No rows make an empty table; a table without a query makes none."""
    assert collect_evidence(target_of(query(OPENS, '["south_0"]')), stores / "out") == {"opens": 0}
    assert read(stores / "out", "opens") == []
    assert [path.name for path in (stores / "out").iterdir()] == ["opens.parquet"]
    assert collect_evidence(target_of(), stores / "none") == {}


def test_several_sources_of_one_table(target_of: TargetOf, stores: Path) -> None:
    """An array of mappings fills one table: SQL with a store of its own, and rows over HTTP."""
    rows = [{"place": "k:1", "shadow": True, "person": 5}, {"place": "k:2", "shadow": False, "tag": None}]
    (stores / "rows.json").write_text(json.dumps(rows))
    target = target_of(
        STORES
        + """
[[evidence.shadow_rows]]
stores = ["north_1"]
sql = "SELECT 'mine' AS store, 'shares' AS place, packet AS subject, marked AS tag FROM shares WHERE n = 0"
[[evidence.shadow_rows]]
http = "/rows"
[start]
command = ["{python}", "{server}", "{port}"]
ready = "/ready"
folder = "{data}"
"""
    )
    with launch(target, stores / "logs"):
        assert collect_evidence(target, stores / "out") == {"shadow_rows": 3}
    nothing = dict.fromkeys(EVIDENCE["shadow_rows"])
    assert read(stores / "out", "shadow_rows") == [
        nothing | {"store": "mine", "place": "shares", "subject": "7000000", "tag": False},
        nothing | {"store": "http", "place": "k:1", "shadow": True, "person": "5"},
        nothing | {"store": "http", "place": "k:2", "shadow": False},
    ]
    with pytest.raises(ConfigError, match=r"\[evidence.shadow_rows\] in store 'http': Connection refused"):
        collect_evidence(target, stores / "out")


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("SELECT nope FROM shares", "no such column: nope"),
        ("SELEC 1", 'near "SELEC": syntax error'),
        ("SELECT packet AS packt FROM shares", "unknown column 'packt': did you mean 'packet'?"),
        ("SELECT packet, person AS packet FROM shares", "a column is given twice: packet, packet"),
        ("SELECT fen / 100.0 AS amount_fen FROM shares", "column 'amount_fen' is an integer, not float 0.0: map money"),
        ("SELECT 3.0 AS amount_fen", "column 'amount_fen' is an integer, not float 3.0: map money to integer fen"),
        ("SELECT '3' AS amount_fen", "column 'amount_fen' is an integer, not str '3'"),
        ("SELECT 2 AS tag", "column 'tag' is a boolean, not int 2: convert it in the query"),
        ("SELECT 1.5 AS person", "column 'person' is text, not float 1.5"),
        ("SELECT x'ff' AS person", r"column 'person' is text, not bytes b'\xff'"),
        ("DELETE FROM shares", "attempt to write a readonly database"),
        ("UPDATE shares SET fen = 0 RETURNING packet", "attempt to write a readonly database"),
        ("CREATE TABLE mine (a)", "attempt to write a readonly database"),
        ("PRAGMA user_version = 7", "attempt to write a readonly database"),
    ],
)
def test_query_that_cannot_be_evidence_is_one_line(target_of: TargetOf, stores: Path, sql: str, said: str) -> None:
    """A failing query, a wrong column, money that is no integer, an attempt to write: one line with table and store."""
    before = (stores / "north_0").read_bytes()
    with pytest.raises(ConfigError) as caught:
        collect_evidence(target_of(query(sql)), stores / "out")
    assert "[evidence.opens] in store 'north_0': " in str(caught.value)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
    assert list((stores / "out").iterdir()) == []
    assert (stores / "north_0").read_bytes() == before


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("sqlite:///{data}/none", "there is no file"),
        ("nosuch://host/x", "Can't load plugin: sqlalchemy.dialects:nosuch"),
        ("not a url", "Could not parse SQLAlchemy URL"),
        ("postgresql://u:secret@127.0.0.1:1/x", "psycopg"),
        ("mysql+pymysql://u:secret@127.0.0.1:1/x", "Can't connect to MySQL server"),
    ],
)
def test_store_that_cannot_be_opened_is_one_line(target_of: TargetOf, tmp_path: Path, url: str, said: str) -> None:
    """A missing file (which is not made), an unknown database, a server that is away: named, without its password."""
    target = target_of(f'[evidence.stores]\nmain = "{url}"\n[evidence.opens]\nsql = "SELECT 1 AS packet"')
    with pytest.raises(ConfigError) as caught:
        collect_evidence(target, tmp_path / "out")
    assert "[evidence.opens] in store 'main': " in str(caught.value)
    assert said in str(caught.value)
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    ("kind", "values", "expected"),
    [
        ("VARCHAR", [1, "a", None, b"b", Decimal("3"), UUID(int=1)], ["1", "a", None, "b", "3", str(UUID(int=1))]),
        ("BIGINT", [Decimal("12"), Decimal("1E+2"), -(2**63), None], [12, 100, -(2**63), None]),
        ("BOOLEAN", [0, 1, True, None, b"\x00", b"\x01", Decimal(1)], [False, True, True, None, False, True, True]),
    ],
)
def test_what_databases_give_becomes_canonical(kind: str, values: list[object], expected: list[object]) -> None:
    """Integers for ids, SUM()'s decimals, BIT(1) and the like arrive as the canonical types."""
    assert arrow_column("x", values, kind).to_pylist() == expected


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        *(("BIGINT", value) for value in (True, 1.0, float("nan"), Decimal("1.5"), Decimal("NaN"), "1", b"1", 2**63)),
        *(("VARCHAR", value) for value in (1.0, True, Decimal("1.5"), [1], "\ud800")),
        *(("BOOLEAN", value) for value in (2, "true", 1.0, b"11", b"\x02", "")),
    ],
)
def test_what_would_have_to_be_guessed_is_refused(kind: str, value: object) -> None:
    """Nothing is rounded, parsed or guessed on the way into a canonical column."""
    with pytest.raises(Unfit, match="column 'x_fen'"):
        arrow_column("x_fen", [None, value], kind)


@settings(deadline=None)
@given(st.lists(st.integers(-(2**63), 2**63 - 1) | st.none()))
def test_integers_arrive_unchanged(values: list[int | None]) -> None:
    """No integer of 64 bits loses a fen on its way, alone or among others."""
    assert arrow_column("x_fen", values, "BIGINT").to_pylist() == values


@pytest.fixture(scope="module")
def mariadb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[servers.Running]:
    with servers.start(tmp_path_factory.mktemp("servers") / "data", redis=False) as running:
        yield running


def delete_one(port: int) -> None:
    with (
        pymysql.connect(host="127.0.0.1", port=port, user="root", autocommit=True) as writer,
        writer.cursor() as cursor,
    ):
        cursor.execute("DELETE FROM main_0.shares WHERE packet = 1")


@pytest.mark.servers
def test_mariadb_is_read_in_one_snapshot_and_not_changed(
    target_of: TargetOf, tmp_path: Path, mariadb: servers.Running
) -> None:
    """Against InnoDB: types arrive, all queries of a store see one moment, and no statement changes anything."""
    assert mariadb.mariadb is not None
    port = mariadb.mariadb.port
    with (
        pymysql.connect(host="127.0.0.1", port=port, user="root", autocommit=True) as writer,
        writer.cursor() as cursor,
    ):
        cursor.execute("CREATE OR REPLACE DATABASE main_0")
        cursor.execute(
            "CREATE TABLE main_0.shares (packet BIGINT, fen DECIMAL(20, 0), marked BIT(1), at INT DEFAULT 5)"
        )
        cursor.execute("INSERT INTO main_0.shares SELECT seq, seq, b'1', 5 FROM main_0.seq_1_to_50000")
    head = '[evidence.stores]\nmain_0 = "{sql}/main_0"\n'
    opens = (
        "sql = \"SELECT packet, SUM(fen) AS amount_fen, MAX(marked) = 1 AS tag, '50%' AS `key` FROM shares GROUP BY 1\""
    )
    target = target_of(f"{head}[evidence.opens]\n{opens}", sql=mariadb.sql)
    assert collect_evidence(target, tmp_path / "out") == {"opens": 50_000}
    rows = read(tmp_path / "out", "opens")
    assert sum(row["amount_fen"] for row in rows) == sum(range(50_001))
    assert {(row["tag"], row["key"], row["store"]) for row in rows} == {(True, "50%", "main_0")}

    # the second table is read while the first one's answer sleeps and somebody writes: it must not see that
    slow = 'sql = "SELECT SLEEP(1) AS total_fen"'
    late = 'sql = "SELECT COUNT(*) AS amount_fen FROM shares"'
    target = target_of(f"{head}[evidence.packets]\n{slow}\n[evidence.refunds]\n{late}", sql=mariadb.sql)
    writer = threading.Timer(0.5, delete_one, (port,))
    writer.start()
    collect_evidence(target, tmp_path / "out")
    writer.join()
    assert read(tmp_path / "out", "refunds")[0]["amount_fen"] == 50_000

    for sql in ("DELETE FROM shares", "CREATE TABLE mine (a INT)", "SELECT fen / 3 AS amount_fen FROM shares"):
        with pytest.raises(ConfigError, match=r"READ ONLY transaction|map money to integer fen"):
            collect_evidence(target_of(f'{head}[evidence.opens]\nsql = "{sql}"', sql=mariadb.sql), tmp_path / "out")
    with pymysql.connect(host="127.0.0.1", port=port, user="root") as reader, reader.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM main_0.shares")
        assert cursor.fetchone() == (49_999,)
        cursor.execute("SHOW TABLES IN main_0")
        assert cursor.fetchall() == (("shares",),)
