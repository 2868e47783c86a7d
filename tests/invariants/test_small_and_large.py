"""A night is judged on SQLite when it is small and on DuckDB when it is large: nobody can tell from the verdicts."""

import random
import re
from pathlib import Path

import duckdb
import pytest
from msgspec.structs import replace
from test_accusations import corrupt
from worlds import TABLES, World, clean_night

from invariants import accuse
from invariants.judge import judge
from invariants.registry import INVARIANTS, SHARED, parse
from invariants.room import make_room
from invariants.verdict import Verdict


def judged(connection: duckdb.DuckDBPyConnection) -> list[Verdict]:
    """Verdicts without their times."""
    return [replace(verdict, seconds=0.0) for verdict in judge(connection, INVARIANTS)]


def both(connection: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch) -> tuple[list[Verdict], list[Verdict]]:
    """The same night judged as a small and as a large one."""
    small = judged(connection)
    with monkeypatch.context() as patched:
        patched.setattr(accuse, "ROWS_MAX", -1)
        return small, judged(connection)


@pytest.mark.parametrize("seed", range(4))
def test_verdicts_are_the_same(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Counts, reasons, witnesses and the rows that prove them, whatever was done to a night."""
    chance = random.Random(seed)
    world = clean_night()
    for _ in range(4 * seed):
        corrupt(world, chance)
    with world.load() as connection:
        small, large = both(connection, monkeypatch)
    assert small == large
    assert {verdict.canary for verdict in small} <= {"reported", "not run"}


def test_proofs_are_found_by_the_entry_of_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """A funding is known to clients by its key and to the ledger by its entry: the proof shows both."""
    world = clean_night()
    for line in world.all("postings", entry="fund:1:key-1"):
        line.update(subject=None, amount_fen=1)
    with world.load() as connection:
        small, large = both(connection, monkeypatch)
    assert small == large
    (verdict,) = (verdict for verdict in large if verdict.name == "no_lost_acknowledgement")
    assert "fund:1:key-1" in {row.get("entry") for row in verdict.witnesses[0].rows}


@pytest.mark.parametrize("world", [World(), clean_night()], ids=["empty", "clean"])
def test_missing_and_empty_evidence_is_the_same(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is not there, what nobody supplied and what has no rows are found on either way."""
    for row in world.rows["postings"]:
        row["kind"] = None
    with world.load(without=("refunds",)) as connection:
        small, large = both(connection, monkeypatch)
    assert small == large
    assert any(verdict.reason == "no evidence: refunds" for verdict in small)


def test_a_large_judgement_leaves_nothing_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    """What it made for itself is gone afterwards, also where there was something to prove."""
    monkeypatch.setattr(accuse, "ROWS_MAX", -1)
    world = clean_night()
    world.rows["opens"].append(dict(world.rows["opens"][0]))
    with world.load() as connection:
        before = connection.execute("SELECT table_name FROM information_schema.tables ORDER BY ALL").fetchall()
        assert {verdict.verdict for verdict in judged(connection)} == {"holds", "violated"}
        assert connection.execute("SELECT table_name FROM information_schema.tables ORDER BY ALL").fetchall() == before


def test_a_large_night_is_judged_in_the_room_it_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a limit and a folder to spill to the verdicts are the same."""
    monkeypatch.setattr(accuse, "ROWS_MAX", -1)
    with clean_night().load() as connection:
        make_room(connection, tmp_path, memory_mb=64)
        settings = "SELECT current_setting('memory_limit'), current_setting('temp_directory')"
        assert connection.execute(settings).fetchone() == ("64.0 MiB", str(tmp_path))
        assert {verdict.verdict for verdict in judged(connection)} == {"holds"}


def test_room_is_what_is_free(tmp_path: Path) -> None:
    """Without a limit given, a part of the free memory is taken, however much the machine has."""
    free_mb = int(re.findall(r"MemAvailable:\s+(\d+)", Path("/proc/meminfo").read_text())[0]) >> 10
    with duckdb.connect() as connection:
        make_room(connection, tmp_path)
        (limit,) = connection.execute("SELECT current_setting('memory_limit')").fetchone()
    number, unit = limit.split()
    assert 0 < float(number) * {"MiB": 1, "GiB": 1024}[unit] < 0.75 * free_mb


@pytest.mark.parametrize("name", sorted(INVARIANTS))
def test_an_invariant_says_which_shared_relations_it_uses(name: str) -> None:
    """`uses` names what its queries read, directly or by way of another, and nothing else."""
    invariant = INVARIANTS[name]
    queries = " ".join((invariant.violations, invariant.unsettled, invariant.examined))
    read = {shared for shared in SHARED if re.search(rf"\b(FROM|JOIN) {shared}\b", queries)}
    assert set(invariant.uses) == read
    assert not read & set(TABLES)


def test_an_unknown_shared_relation_is_refused() -> None:
    """A misspelt relation is found when the file is read."""
    text = "-- statement: one\n-- needs: opens\n-- uses: attemps\n-- sentence: {subject}\n"
    with pytest.raises(ValueError, match="unknown \\['attemps'\\]"):
        parse(
            "some",
            f"{text}-- section: violations\nSELECT 1\n-- section: examined\nSELECT 1\n-- section: canary\nSELECT 1\n",
        )
