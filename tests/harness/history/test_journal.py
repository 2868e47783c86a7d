"""The journal: nothing that was sent is ever missing, and what is read back is what was written."""

import os
import resource
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.config import ConfigError
from harness.history import HistoryCounts, Journal, collect, now_ns
from harness.history.layout import BEGIN, RECORD
from invariants.schema import HISTORY

OPERATIONS = ("send", "open", "details")


def rows_of(folder: Path) -> list[dict[str, Any]]:
    """What `collect` makes of the journals in `folder`, in order."""
    collect(folder, folder / "parquet")
    files = f"read_parquet('{folder}/parquet/*/*.parquet', hive_partitioning = true)"
    rows = duckdb.sql(f"SELECT * FROM {files} ORDER BY worker, number")
    return [dict(zip(rows.columns, row, strict=True)) for row in rows.fetchall()]


def test_columns_are_the_canonical_ones(tmp_path: Path) -> None:
    """The Parquet files have the columns and types of the canonical history, also when nothing was sent."""
    assert collect(tmp_path, tmp_path / "parquet") == HistoryCounts(0, 0, 0, 0)
    found = duckdb.sql(f"DESCRIBE SELECT * FROM read_parquet('{tmp_path}/parquet/*/*.parquet')").fetchall()
    assert {name: kind for name, kind, *_ in found if name != "part"} == HISTORY


def test_reads_back_what_was_written(tmp_path: Path) -> None:
    """A completed operation has what was asked and what was answered; the answer's amount and subject win."""
    journal = Journal.create(tmp_path, "w1", OPERATIONS, clock_error_ns=5)
    before = now_ns()
    slot = journal.begin("send", 42, None, "key-1", 100, before - 7, True, "forged")
    journal.complete(
        slot, "ok", None, subject="p9", amount_fen=99, sequence=3, remaining_fen=0, reader="r", balance_fen=-5
    )
    open_slot = journal.begin(1, 43, "p9", None, None, before, False)
    journal.complete(open_slot, "fail", "sold_out")
    journal.close()
    sent, opened = rows_of(tmp_path)
    assert before <= sent["sent_ns"] <= sent["done_ns"] <= now_ns()
    expected = {
        "worker": "w1", "number": 0, "person": "42", "operation": "send", "subject": "p9",
        "key": "key-1", "amount_fen": 99, "intended_ns": before - 7,
        "outcome": "ok", "reason": None, "sequence": 3, "remaining_fen": 0,
        "tag": True, "clock_error_ns": 5, "reader": "r", "mark": "forged", "orders": None, "balance_fen": -5,
        "income_fen": None,
    }  # fmt: skip
    assert {name: sent[name] for name in expected} == expected
    refused = {"operation": "open", "outcome": "fail", "reason": "sold_out", "amount_fen": None, "tag": False}
    assert {name: opened[name] for name in refused} == refused


def test_unfinished_reads_info(tmp_path: Path) -> None:
    """An operation that never completed is `info`, with what was asked and no end."""
    journal = Journal.create(tmp_path, "w", OPERATIONS)
    journal.begin("send", 1, "p", "k", 7, 0, False)
    (row,) = rows_of(tmp_path)
    assert (row["outcome"], row["reason"], row["done_ns"], row["amount_fen"]) == (
        "info",
        "unfinished",
        None,
        7,
    )


def test_torn_completion_reads_unfinished(tmp_path: Path) -> None:
    """A completion whose flag was not written yet counts for nothing, whatever else stands in it."""
    journal = Journal.create(tmp_path, "w", OPERATIONS)
    journal.complete(journal.begin("open", 1, "p", None, None, 0, False), "ok", None, amount_fen=5, subject="q")
    journal.close()
    (path,) = tmp_path.glob("*.journal")
    with path.open("r+b") as file:
        file.seek(4096 + RECORD.fields["complete"][1])
        file.write(b"\0")
    (row,) = rows_of(tmp_path)
    assert (row["outcome"], row["subject"], row["amount_fen"], row["done_ns"]) == ("info", "p", None, None)


def test_flags_are_written_last() -> None:
    """Each half's flag is its last byte: pack_into fills in order, so a torn half never looks whole."""
    assert RECORD.fields["begun"][1] == BEGIN.size - 1
    assert RECORD.fields["complete"][1] == RECORD.itemsize - 1 == 127


_WRITER = """
import os, sys
from pathlib import Path
from harness.history import Journal
journal = Journal.create(Path(sys.argv[1]), "w", ["open"], segment_records=1000, strings_bytes=4096)
for number in range(10**9):
    slot = journal.begin("open", number, f"packet-{number % 7}", f"key-{number}", None, 0, False)
    os.write(1, b"s")
    if number % 3:
        journal.complete(slot, "ok", None, amount_fen=number)
        os.write(1, b"d")
"""


def test_kill_minus_nine_loses_nothing(tmp_path: Path) -> None:
    """Of a writer killed in mid-flight, every operation that was sent is on record, over rotations, with its
    texts.
    """
    writer = subprocess.Popen([sys.executable, "-c", _WRITER, str(tmp_path)], stdout=subprocess.PIPE)
    assert writer.stdout is not None
    told = b""
    while len(told) < 50_000:
        told += os.read(writer.stdout.fileno(), 65536)
    os.kill(writer.pid, signal.SIGKILL)
    told += writer.stdout.read()
    writer.wait()
    writer.stdout.close()
    counts = collect(tmp_path, tmp_path / "parquet")
    # the pipe may lack the operation between its record and its byte, never the other way round
    assert told.count(b"s") <= counts.issued <= told.count(b"s") + 1
    assert told.count(b"d") <= counts.ok <= told.count(b"d") + 1
    rows = rows_of(tmp_path)
    assert len(rows) == counts.issued > 20_000
    assert all(row["key"] == f"key-{row['number']}" and row["person"] == str(row["number"]) for row in rows)
    assert all(row["amount_fen"] == row["number"] for row in rows if row["outcome"] == "ok")


def test_rotation_keeps_open_operations(tmp_path: Path) -> None:
    """An operation begun many segments ago can still be completed; segments that are done are unmapped."""
    journal = Journal.create(tmp_path, "w", OPERATIONS, segment_records=4, strings_bytes=64)
    slow = journal.begin("open", 0, "p", "slow", None, 0, False)
    for number in range(1, 41):
        journal.complete(journal.begin("open", number, "p", f"key {number}", None, 0, False), "ok", None)
    assert len(journal._segments) == 2
    journal.complete(slow, "fail", "sold_out")
    journal.close()
    rows = rows_of(tmp_path)
    assert [row["number"] for row in rows] == list(range(41))
    assert [row["key"] for row in rows] == ["slow", *(f"key {n}" for n in range(1, 41))]
    assert (rows[0]["outcome"], rows[0]["reason"]) == ("fail", "sold_out")
    assert len(list(tmp_path.glob("*.journal"))) == 11


_FULL = """
import resource, sys
from pathlib import Path
from harness.config import ConfigError
from harness.history import Journal
try:
    journal = Journal.create(Path(sys.argv[1]), "w", ["open"], segment_records=1024)
    for number in range(2000):
        print(journal.begin("open", number, "p", None, None, 0, False), flush=True)
except ConfigError as error:
    print("ConfigError", error)
"""


def write_until_full(folder: Path, limit_bytes: int) -> tuple[int, list[str]]:
    """Runs a writer that may not make files above `limit_bytes`; its exit code and what it printed."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit_bytes, limit_bytes))

    done = subprocess.run([sys.executable, "-c", _FULL, str(folder)], capture_output=True, text=True, preexec_fn=limit)
    return done.returncode, done.stdout.splitlines()


def test_no_room_at_start_is_a_clean_error(tmp_path: Path) -> None:
    """Where the first segment does not fit, creating the journal says so in one line and leaves no file."""
    code, lines = write_until_full(tmp_path, 100_000)
    assert (code, len(lines)) == (0, 1)
    assert lines[0].startswith("ConfigError history: cannot preallocate")
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small file system needs root")
def test_full_disk_at_rotation_is_a_clean_error(tmp_path: Path) -> None:
    """On a file system that fills up in mid-run, `begin` raises before the operation is sent; what was begun
    is kept.
    """
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4300k", "tmpfs", str(tmp_path)], check=True)
    try:
        code, lines = write_until_full(tmp_path, 1 << 30)
        assert code == 0
        assert lines[-1].startswith("ConfigError history: cannot preallocate")
        assert lines[:-1] == [str(number) for number in range(1024)]
        counts = collect(tmp_path, tmp_path.parent / "parquet")
        assert counts == HistoryCounts(1024, 0, 0, 1024)
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)


def test_second_journal_of_a_worker_is_refused(tmp_path: Path) -> None:
    """A worker's journal is never overwritten."""
    Journal.create(tmp_path, "w", OPERATIONS).close()
    with pytest.raises(ConfigError, match="already holds"):
        Journal.create(tmp_path, "w", OPERATIONS)


def test_lost_side_file_is_told(tmp_path: Path) -> None:
    """Records whose texts are gone are an error, never rows without a key."""
    journal = Journal.create(tmp_path, "w", OPERATIONS)
    journal.begin("open", 1, "p", "k", None, 0, False)
    journal.close()
    for path in tmp_path.glob("*.strings"):
        path.unlink()
    with pytest.raises(ConfigError, match=r"\.strings"):
        collect(tmp_path, tmp_path / "parquet")


def test_partitions_keep_subjects_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each subject stands in one partition, those without one in their own, over all workers."""
    monkeypatch.setattr("harness.history.parquet._ROWS_A_PARTITION", 40_000)
    for worker in ("a", "b"):
        journal = Journal.create(tmp_path, worker, OPERATIONS)
        for number in range(400):
            journal.begin("open", number, f"p{number % 50}" if number % 5 else None, None, None, 0, False)
        journal.close()
    rows = rows_of(tmp_path)
    parts: dict[str | None, set[int]] = {}
    for row in rows:
        parts.setdefault(row["subject"], set()).add(row["part"])
    assert len(rows) == 800
    assert all(len(found) == 1 for found in parts.values())
    (alone,) = parts.pop(None)
    others = set().union(*parts.values())
    assert len(others) > 1
    assert alone not in others


NUMBERS = st.integers(-(2**63) + 1, 2**63 - 1)
TEXTS = st.none() | st.text(max_size=40) | st.sampled_from(["", "\n\r\0", "红包🧧", "ÿ\u00ff", "x" * 9000])


@settings(max_examples=60, deadline=None)
@given(data=st.data(), count=st.integers(1, 12))
def test_round_trip(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, count: int) -> None:
    """Whatever is written comes back unchanged: any text, any 64-bit number, every gap a NULL."""
    folder = tmp_path_factory.mktemp("trip")
    journal = Journal.create(folder, "w", OPERATIONS, segment_records=3, strings_bytes=256)
    expected = []
    for number in range(count):
        asked = data.draw(
            st.fixed_dictionaries(
                {"person": NUMBERS, "subject": TEXTS, "key": TEXTS, "amount_fen": st.none() | NUMBERS,
                 "intended_ns": NUMBERS, "tag": st.booleans(), "mark": TEXTS}
            )
        )  # fmt: skip
        slot = journal.begin(number % 3, **asked)
        row = {**asked, "person": str(asked["person"]), "operation": OPERATIONS[number % 3]}
        if data.draw(st.booleans()):
            outcome = data.draw(st.sampled_from(["ok", "fail", "info"]))
            reason = data.draw(TEXTS)
            numbers = st.none() | NUMBERS
            said = data.draw(
                st.fixed_dictionaries(
                    {"subject": TEXTS, "amount_fen": numbers, "sequence": numbers, "remaining_fen": numbers,
                     "reader": TEXTS, "orders": TEXTS, "balance_fen": numbers, "income_fen": numbers}
                )
            )  # fmt: skip
            journal.complete(slot, outcome, reason, **said)
            row |= {"outcome": outcome, "reason": reason, **said}
            row |= {name: asked[name] for name in ("subject", "amount_fen") if said[name] is None}
        else:
            row |= {
                "outcome": "info",
                "reason": "unfinished",
                "done_ns": None,
                "sequence": None,
                "reader": None,
            }
        expected.append(row)
    journal.close()
    rows = rows_of(folder)
    assert [{name: row[name] for name in want} for row, want in zip(rows, expected, strict=True)] == expected


def test_lone_surrogates_stay_distinct(tmp_path: Path) -> None:
    """A text that UTF-8 cannot hold is kept as its escape, and never merges with another."""
    journal = Journal.create(tmp_path, "w", OPERATIONS)
    for key in ("\ud800", "\udfff", "?"):
        journal.begin("open", 1, "p", key, None, 0, False)
    journal.close()
    assert [row["key"] for row in rows_of(tmp_path)] == ["\\ud800", "\\udfff", "?"]
