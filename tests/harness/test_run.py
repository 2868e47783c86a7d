"""Whole runs through the command: what they leave, what they say, and that faults cost no money and no operation."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.harness.command import Said, rainproof

pytestmark = pytest.mark.night

SMALL = ("--people", "60", "--packets", "8", "--duration", "4", "--tagged", "0.3")  # enough for a refund


def told(said: Said) -> dict[str, Any]:
    """The one object that a command printed."""
    assert said.left == []
    assert said.out.count("\n") == 1, (said.code, said.err)
    found: dict[str, Any] = json.loads(said.out)
    return found


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Said]:
    """A small night on the embedded backend: where it was run, and what the command said."""
    folder = tmp_path_factory.mktemp("night")
    return folder, rainproof(folder, "run", "group_grab", *SMALL, "--json")


@pytest.fixture
def copied(night: tuple[Path, Said], tmp_path: Path) -> Path:
    """A copy of what the night left, to tamper with."""
    return shutil.copytree((night[0] / "runs" / "latest").resolve(), tmp_path / "copy")


def test_a_night_on_the_embedded_backend(night: tuple[Path, Said]) -> None:
    """A run holds, every invariant saw something, and the counts and the money add up."""
    results = told(said := night[1])
    assert (said.code, results["verdict"], results["reasons"]) == (0, "holds", []), said.err
    assert all(verdict["examined"] for verdict in results["invariants"].values())
    operations = results["operations"]
    assert operations["issued"] == operations["ok"] + operations["fail"] + operations["info"] > 100
    money = results["money"]
    assert money["funded_fen"] == money["opened_fen"] + money["refunded_fen"] + money["held_fen"] > 0


def test_what_a_run_leaves(night: tuple[Path, Said]) -> None:
    """The folder holds what it should and nothing of the servers or the target; `latest` points to it."""
    folder = Path(told(night[1])["run"]["path"])
    assert folder.samefile(night[0] / "runs" / "latest")
    assert {path.name for path in folder.iterdir()} == {
        "run.json", "swarm.json", "history", "evidence", "results.json", "junit.xml", "summary.txt", "logs",
    }  # fmt: skip


@pytest.mark.parametrize("command", ["check", "report"])
def test_said_again(night: tuple[Path, Said], command: str) -> None:
    """`check` judges again and `report` reads again; both say what the run said."""
    results = told(night[1])
    again = told(rainproof(night[0], command, "runs/latest", "--json"))
    for name in ("verdict", "exit_code", "operations", "money", "settled", "by_operation", "reasons"):
        assert again[name] == results[name]
    assert verdicts(again) == verdicts(results)


def verdicts(results: dict[str, Any]) -> dict[str, tuple[str, int, int]]:
    """What each invariant said."""
    return {
        name: (verdict["verdict"], verdict["examined"], verdict["violations"])
        for name, verdict in results["invariants"].items()
    }


def test_a_generator_that_falls_behind_is_inconclusive(tmp_path: Path) -> None:
    """A hot packet in which everything holds, but later than is allowed: exit 3, and the reason says by how much."""
    night = ("--people", "30", "--duration", "4", "--tagged", "0.3", "--late-ms", "0.001")
    results = told(said := rainproof(tmp_path, "run", "hot_packet", *night, "--json"))
    assert (said.code, results["verdict"]) == (3, "unknown"), said.err
    assert {verdict["verdict"] for verdict in results["invariants"].values()} == {"holds"}
    (reason,) = results["reasons"]
    assert re.fullmatch(r"the generator did not .* is [\d.]+ ms late, 0.001 ms are allowed", reason)
    assert results["generator"]["herd_people"] == 30
    assert results["generator"]["herd_achieved_s"] > 0


def test_a_stolen_fen_is_found_by_check(copied: Path) -> None:
    """`check` judges the evidence and not what was once said of it: one altered posting is exit 1."""
    path = copied / "evidence" / "postings.parquet"
    with duckdb.connect() as connection:
        connection.execute(f"CREATE TABLE postings AS FROM '{path}'")
        connection.execute("UPDATE postings SET amount_fen = amount_fen - 1 WHERE rowid = 0")
        connection.execute(f"COPY postings TO '{path}' (FORMAT parquet)")
    results = told(said := rainproof(copied, "check", str(copied), "--json"))
    assert (said.code, results["invariants"]["ledger_balances"]["verdict"]) == (1, "violated")


def test_missing_evidence_is_inconclusive(copied: Path) -> None:
    """Without the postings the invariants on money are unknown, which is exit 3 and never a pass."""
    (copied / "evidence" / "postings.parquet").unlink()
    results = told(said := rainproof(copied, "check", str(copied), "--json"))
    assert (said.code, results["money"]) == (3, None)
    assert "no evidence: postings" in results["invariants"]["conservation"]["reason"]


def test_a_run_that_did_not_finish_is_inconclusive(copied: Path) -> None:
    """What a run left that ended before it was judged is judged from its journals, and never passes."""
    (copied / "results.json").unlink()
    shutil.rmtree(copied / "history" / "parquet")
    results = told(said := rainproof(copied, "check", str(copied), "--json"))
    assert (said.code, results["reasons"]) == (3, ["the run did not finish"])
    assert results["operations"]["issued"] == journaled(copied)


@pytest.mark.servers
@pytest.mark.long
@pytest.mark.parametrize(("whom", "code"), [(("target",), 0), (("mariadb", "worker"), 3)])
def test_faults_cost_nothing(tmp_path: Path, whom: tuple[str, ...], code: int) -> None:
    """After a kill -9 in mid-load the money is whole and nobody accused; a lost worker makes it inconclusive."""
    night = ("--people", "120", "--packets", "10", "--duration", "6", "--workers", "2")
    strikes = [f"kill={who}@{second}" for second, who in enumerate(whom, 2)]
    options = [word for strike in strikes for word in ("--fault", strike)]
    said = rainproof(tmp_path, "run", "group_grab", "--backend", "servers", *night, *options, "--json")
    results = told(said)
    assert said.code == code, (results["reasons"], said.err)
    assert {verdict["verdict"] for verdict in results["invariants"].values()} == {"holds"}
    assert [fault["name"] for fault in results["faults"]] == strikes
    assert results["money"]["balanced"]
    assert results["operations"]["issued"] == journaled(Path(results["run"]["path"]))


@pytest.mark.servers
@pytest.mark.long
@pytest.mark.timeout(400)
def test_faults_on_two_regions_cost_nothing(tmp_path: Path) -> None:
    """A cache, a database, a logic process, a consumer and a link fail in mid-load: the money is whole, nobody is
    accused, and of each fault it is said what clients had of it.
    """
    whom = (
        "kill=cache_south@2",
        "kill=south_1@4",
        "kill=api-south-1@6",
        "kill=credit-south@8",
        "stop=link-south-north@10",
    )
    strikes = [word for fault in whom for word in ("--fault", fault)]
    night = ("--topology", "two-regions", "--people", "400", "--packets", "40", "--duration", "14")
    results = told(said := rainproof(tmp_path, "run", "group_grab", *night, *strikes, "--json", timeout_s=380))
    assert said.code == 0, (results["reasons"], said.err)
    assert {verdict["verdict"] for verdict in results["invariants"].values()} == {"holds"}
    assert [fault["name"] for fault in results["faults"]] == list(whom)
    assert all(any(felt["p99_us"] for felt in fault["felt"].values()) for fault in results["faults"])
    assert results["money"]["balanced"] and said.left == []
    assert not (Path(results["run"]["path"]) / "servers").exists()


@pytest.mark.long
def test_a_worker_is_started_again(tmp_path: Path) -> None:
    """kill -9 of one of two workers and another in its place: people and keys of the three lives are disjoint, every
    record is judged, the money whole, nobody accused; the run says what was begun again, and is inconclusive.
    """
    night = ("--people", "60", "--packets", "8", "--duration", "4", "--tagged", "0.3", "--workers", "2")
    results = told(said := rainproof(tmp_path, "run", "group_grab", *night, "--fault", "restart=worker@1.5", "--json"))
    assert said.code == 3, said.err
    assert any("begun again by others" in reason for reason in results["reasons"]), results["reasons"]
    assert "violated" not in {verdict["verdict"] for verdict in results["invariants"].values()}
    assert results["money"]["balanced"]
    folder = Path(results["run"]["path"])
    assert results["operations"]["issued"] == journaled(folder)
    with duckdb.connect() as connection:
        history = f"'{folder}/history/parquet/*/*.parquet'"
        for what in ("person", "key"):
            counted = f"COUNT(DISTINCT worker), COUNT(DISTINCT {what}), COUNT(DISTINCT (worker, {what}))"
            query = f"SELECT {counted} FROM {history} WHERE {what} IS NOT NULL"
            ((lives, found, apart),) = connection.execute(query).fetchall()
            assert (lives, found) == (3, apart)
    assert len(list((folder / "history").glob("*.hlog"))) == 3


def journaled(folder: Path) -> int:
    """Records in the journals, counted byte by byte: every record's first half ends in a flag."""
    begun = 0
    for path in (folder / "history").glob("*.journal"):
        data = path.read_bytes()[4096:]
        begun += sum(data[47::128])
    return begun


@pytest.mark.long
def test_a_mutant_is_killed(tmp_path: Path) -> None:
    """The invariant named in its file caught the planted bug, and accused nobody in the same harsh surroundings."""
    arguments = ("mutants", "--only", "credit_without_key", "--under", "load", "--clean", "0", "--json")
    matrix = told(said := rainproof(tmp_path, *arguments))
    assert (said.code, matrix["killed"], matrix["total"], matrix["survivors"]) == (0, 1, 1, []), said.err
    assert matrix["matrix"]["credit_without_key"]["exactly_once_credit"] == "violated"
    assert matrix["accusations"] == []
    assert matrix["controls"]["clean, weather of credit_without_key"]["exactly_once_credit"] == "holds"
