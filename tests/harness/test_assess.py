"""From verdicts to one verdict and an exit code."""

import itertools
from pathlib import Path

import duckdb
import pytest

from harness.assess import Conduct, assess, check_claims, exit_code, overall
from harness.config import ConfigError
from harness.history import Journal, collect
from harness.rundir import RunRecord
from invariants.judge import judge
from invariants.schema import EVIDENCE
from invariants.verdict import Value, Verdict

VALUES: tuple[Value, ...] = ("holds", "violated", "unknown")


@pytest.mark.parametrize("values", list(itertools.product(VALUES, repeat=2)))
@pytest.mark.parametrize("doubtful", [False, True])
def test_precedence(values: tuple[Value, Value], doubtful: bool) -> None:
    """A violation is certain whatever else is open; without one any doubt is unknown."""
    verdicts = {str(n): Verdict(name=str(n), verdict=value, statement="") for n, value in enumerate(values)}
    expected: Value = "unknown" if doubtful or "unknown" in values else "holds"
    assert overall(verdicts, doubtful) == ("violated" if "violated" in values else expected)


def test_nothing_judged_is_no_pass() -> None:
    """No verdict at all is unknown."""
    assert overall({}, False) == "unknown"


def test_exit_codes() -> None:
    """0 holds, 1 violated, 3 inconclusive."""
    assert [exit_code(value) for value in VALUES] == [0, 1, 3]


@pytest.mark.parametrize(("claims", "says"), [((), "is empty"), (("no_overspent",), "did you mean 'no_overspend'")])
def test_bad_claims(claims: tuple[str, ...], says: str) -> None:
    """A target that claims nothing, or what nobody knows, is not run."""
    with pytest.raises(ConfigError, match=says):
        check_claims(claims, Path("t.toml"))


def record(*claims: str) -> RunRecord:
    """The record of a run whose target claims these."""
    configuration = {"claims": list(claims)}
    return RunRecord(
        scenario="s", seed=1, argv=["run", "s"], started="", configuration=configuration, versions={}, platform={}
    )


def test_empty_history_is_inconclusive(tmp_path: Path) -> None:
    """A run in which nothing was sent proves nothing, and says so."""
    collect(tmp_path, tmp_path / "history" / "parquet")
    results = assess(tmp_path, record("sold_out_is_final"), Conduct())
    assert (results.verdict, results.exit_code, results.operations.issued) == ("unknown", 3, 0)
    assert any("history is empty" in reason for reason in results.reasons)


def test_a_run_is_judged_in_the_room_it_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What does not fit into the free memory spills into the run's folder, and nothing of it stays there."""
    collect(tmp_path, tmp_path / "history" / "parquet")
    before = sorted(tmp_path.iterdir())
    spilt = []

    def judging(connection: duckdb.DuckDBPyConnection, claims: tuple[str, ...]) -> list[Verdict]:
        connection.execute("SET memory_limit = '32MiB'; CREATE TEMP TABLE large AS SELECT * FROM repeat('x', 8000000)")
        spilt.extend(path.parent for path in tmp_path.glob("*/duckdb_temp*"))
        return judge(connection, claims)

    monkeypatch.setattr("harness.assess.judge", judging)
    assess(tmp_path, record("sold_out_is_final"), Conduct())
    assert set(spilt) == {tmp_path / "spill"}
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize(("conduct", "code"), [(Conduct(), 0), (Conduct(reasons=["a worker was lost"]), 3)])
def test_conduct_can_make_it_inconclusive(tmp_path: Path, conduct: Conduct, code: int) -> None:
    """A history that holds, of a run that did not go as planned, is inconclusive for that reason."""
    (tmp_path / "history").mkdir()
    journal = Journal.create(tmp_path / "history", "w", ["open"])
    journal.complete(journal.begin("open", 1, "p", "k1", None, 0, False), "ok", None, amount_fen=5)
    journal.complete(journal.begin("open", 2, "p", "k2", None, 0, False), "fail", "sold_out")
    journal.close()
    collect(tmp_path / "history", tmp_path / "history" / "parquet")
    (tmp_path / "evidence").mkdir()
    columns = {"packet": "'p'", "person": "'1'", "amount_fen": "5"}
    row = ", ".join(f'{columns.get(name, "NULL")}::{kind} AS "{name}"' for name, kind in EVIDENCE["opens"].items())
    duckdb.sql(f"COPY (SELECT {row}) TO '{tmp_path}/evidence/opens.parquet'")
    results = assess(tmp_path, record("sold_out_is_final"), conduct)
    assert (results.exit_code, results.reasons) == (code, conduct.reasons)
    assert results.money is None
    assert results.run.reproduce == "rainproof run s"


@pytest.mark.parametrize(("drained", "code"), [(True, 1), (False, 3)])
def test_what_may_be_on_its_way_is_not_missing(tmp_path: Path, drained: bool, code: int) -> None:
    """What holds after the drain only is no violation of a target that still had work to do, and no pass either."""
    evidence = tmp_path / "evidence"
    evidence.mkdir()
    reserved = {"scene": "'rain'", "stage": "'live'", "outstanding_fen": "7", "promised_fen": "7", "total_fen": "9"}
    for table, told in (("budgets", reserved), ("awards", {"scene": "'rain'", "stage": "'live'", "amount_fen": "1"})):
        row = ", ".join(f'{told.get(name, "NULL")}::{kind} AS "{name}"' for name, kind in EVIDENCE[table].items())
        duckdb.sql(f"COPY (SELECT {row}) TO '{evidence}/{table}.parquet'")
    results = assess(tmp_path, record("budget_settled"), Conduct(drained=drained))
    assert results.exit_code == code
    assert ("on its way" in results.invariants["budget_settled"].reason) is not drained
