"""The generated night is legal but for what is planted, and the bench fails when the judge overlooks or invents."""

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from msgspec.structs import replace

from harness import figures
from harness.bench import night, planted
from harness.bench.checker import check, checker, is_about, judge_night
from harness.config import read_toml
from invariants.judge import judge
from invariants.registry import INVARIANTS

TARGET = Path(__file__).parents[3] / "reference_impl" / "target.toml"
OPERATIONS = 100_000
EACH = 3
SUBJECTS = "SELECT subject FROM ({}) AS v"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A night of 100,000 operations with violations planted."""
    folder = tmp_path_factory.mktemp("night")
    night.generate(folder, OPERATIONS, seed=7, each=EACH)
    return folder


@pytest.fixture
def connection(folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with figures.connect(folder) as connection:
        yield connection


def test_every_invariant_has_its_plant() -> None:
    """A new invariant of packets has to be planted for, too: whatever a night of packets claims."""
    claims = read_toml(TARGET)["claims"]["invariants"]
    assert set(planted.PLANTS) == set(claims)


def test_the_judge_reports_what_was_planted(folder: Path) -> None:
    """Every invariant reports exactly the planted violations of 100,000 operations, each with its alarm heard."""
    verdicts = judge_night(folder).verdicts
    check(verdicts, planted.expected(EACH))
    assert [verdict.name for verdict in verdicts] == list(planted.PLANTS)


@pytest.mark.parametrize("name", sorted(planted.PLANTS))
def test_only_planted_subjects_are_accused(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    """Each planted packet is accused once, and nobody else."""
    packets = planted.expected(EACH)[name]
    found = [subject for (subject,) in connection.execute(SUBJECTS.format(INVARIANTS[name].violations)).fetchall()]
    assert len(found) == len(packets)
    assert all(any(is_about(subject, [packet]) for subject in found) for packet in packets)


@pytest.mark.parametrize("name", ["open_order", "exactly_once_credit", "sold_out_is_final"])
def test_a_blinded_invariant_fails_the_bench(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    """An invariant that overlooks one planted packet of many, or all of them, is not let through."""
    spared = planted.expected(EACH)[name][0]
    for condition, complaint in ((f"NOT LIKE '{spared}%'", "violated with 2"), ("IS NULL", "unknown with 0")):
        blind = f"SELECT * FROM ({INVARIANTS[name].violations}) AS v WHERE v.subject {condition}"
        verdicts = judge(connection, [name], {name: replace(INVARIANTS[name], violations=blind)})
        with pytest.raises(RuntimeError, match=f"{name}: 3 violations were planted, and it says {complaint}"):
            check(verdicts, planted.expected(EACH))


def test_an_invented_accusation_fails_the_bench(connection: duckdb.DuckDBPyConnection) -> None:
    """As many accusations as were planted, of somebody else, are not let through."""
    name = "one_open_per_user"
    others = (
        f"SELECT packet AS subject, 1 AS badness FROM opens WHERE packet LIKE 'canary%' OR sequence = 50 LIMIT {EACH}"
    )
    sentence = "{subject}"
    wrong = replace(INVARIANTS[name], violations=others, sentence=sentence, proof="")
    with pytest.raises(RuntimeError, match=r"one_open_per_user: accuses \d+, where nothing was planted"):
        check(judge(connection, [name], {name: wrong}), planted.expected(EACH))


def test_a_night_without_plants_holds(tmp_path: Path) -> None:
    """Everything else that is generated is legal and settled, to every invariant."""
    night.generate(tmp_path, 20_000, seed=3, each=0)
    with figures.connect(tmp_path) as connection:
        verdicts = judge(connection, planted.PLANTS)
    assert {(verdict.verdict, verdict.reason) for verdict in verdicts} == {("holds", "")}
    assert len(verdicts) == len(planted.PLANTS)


def test_a_night_is_as_large_as_was_asked(connection: duckdb.DuckDBPyConnection) -> None:
    """Exactly so many operations, each with an identity of its own."""
    counts = connection.execute("SELECT COUNT(*), COUNT(DISTINCT (worker, number)) FROM history").fetchone()
    assert counts == (OPERATIONS, OPERATIONS)


def test_a_night_has_what_nights_have(connection: duckdb.DuckDBPyConnection) -> None:
    """Retries under one key, lost answers, refusals, tagged people, refunds and credits between ledgers."""
    for condition in (
        "history WHERE outcome = 'info' AND done_ns IS NULL",
        "history WHERE reason = 'sold_out'",
        "history WHERE reason = 'expired'",
        "history WHERE reason = 'already_opened'",
        "history WHERE tag AND operation = 'open' AND outcome = 'ok'",
        "(SELECT 1 FROM history WHERE operation = 'open' AND outcome <> 'fail' GROUP BY \"key\" HAVING COUNT(*) > 1)",
        "refunds WHERE NOT tag",
        "postings WHERE account_kind = 'clearing' AND kind = 'credit'",
        "packets WHERE kind = 'equal'",
    ):
        assert connection.execute(f"SELECT COUNT(*) > 10 FROM {condition}").fetchone() == (True,), condition


def test_a_seed_is_a_night(tmp_path: Path) -> None:
    """The same seed generates the same rows, another one others."""
    for name, seed in (("one", 5), ("same", 5), ("other", 6)):
        night.generate(tmp_path / name, 5_000, seed, each=1)
    with duckdb.connect() as connection:
        for pattern in ("history/parquet/*/*.parquet", "evidence/postings.parquet", "evidence/shadow_rows.parquet"):
            one, same, other = (f"(FROM '{tmp_path / name / pattern}')" for name in ("one", "same", "other"))
            assert connection.execute(f"SELECT COUNT(*) FROM ({one} EXCEPT ALL {same})").fetchone() == (0,)
            assert connection.execute(f"SELECT COUNT(*) > 0 FROM ({one} EXCEPT ALL {other})").fetchone() == (True,)


def test_too_few_operations_are_refused(tmp_path: Path) -> None:
    """Where the plants would be half of the night it is not generated."""
    with pytest.raises(ValueError, match="100 operations are too few for 5 violations"):
        night.generate(tmp_path, 100, seed=1, each=5)


def test_the_bench_shows_time_and_memory() -> None:
    """What it gives has the form of every bench, and the judge's own memory, not the generator's."""
    told = checker({"operations": 20_000, "planted": 1, "seed": 1})
    assert set(told) == {"bench", "value", "reach", "unit", "figures"}
    assert told["value"] > 0 and told["figures"]["cpu_s"] > 0 and 50 < told["figures"]["peak_mb"] < 1_000
    also = sum(len(plant.also) for plant in planted.PLANTS.values())
    assert told["figures"]["planted"] == len(planted.PLANTS) + also
    assert {f"{name}_s" for name in planted.PLANTS} <= told["figures"].keys()
