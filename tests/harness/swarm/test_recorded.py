"""Recorded curves: moments and counts from files and from what a run left; bad ones are one clear line."""

from collections import Counter
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.config import ConfigError
from harness.history import Journal, collect
from harness.swarm.recorded import recorded
from harness.swarm.schedules import SECOND_NS, replay


def csv(folder: Path, text: str) -> Path:
    path = folder / "curve.csv"
    path.write_text(text)
    return path


def test_moments_in_seconds(tmp_path: Path) -> None:
    """A row an arrival, in any order, negative ones too."""
    assert recorded(csv(tmp_path, "at_s,what\n2.5,x\n-1,y\n0.25,z\n")) == [
        -SECOND_NS,
        SECOND_NS // 4,
        5 * SECOND_NS // 2,
    ]


def test_counts_a_second(tmp_path: Path) -> None:
    """A row a second: as many arrivals as counted, evenly over that second, none in an empty one."""
    moments_ns = recorded(csv(tmp_path, "second,count\n100,4\n101,0\n102,3\n"))
    assert moments_ns[:4] == [100 * SECOND_NS + n * SECOND_NS // 4 for n in range(4)]
    assert Counter(moment_ns // SECOND_NS for moment_ns in moments_ns) == {100: 4, 102: 3}


@given(st.lists(st.integers(-(2**53), 2**62), min_size=1, max_size=50))
def test_parquet_gives_back_what_was_written(tmp_path_factory: pytest.TempPathFactory, moments_ns: list[int]) -> None:
    """Nanoseconds come through Parquet unaltered, sorted."""
    path = tmp_path_factory.mktemp("parquet") / "curve.parquet"
    pq.write_table(pa.table({"at_ns": moments_ns}), path)
    assert recorded(path) == sorted(moments_ns)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run's folder with the journal of one worker: two grabs, then an open."""
    history = tmp_path / "history"
    history.mkdir()
    journal = Journal.create(history, "w", ["grab", "open"])
    for operation, intended_ns in (("grab", 7_000), ("grab", 5_000), ("open", 9_000)):
        journal.begin(operation, 1, "p", None, None, intended_ns, False)
    journal.close()
    return tmp_path


def test_what_a_run_left(run: Path) -> None:
    """The moments of a run from its journals, and the same once they are Parquet; all operations, or one kind."""
    for place in (run, run / "history"):
        assert recorded(place) == [5_000, 7_000, 9_000]
        assert recorded(place, "grab") == [5_000, 7_000]
    collect(run / "history", run / "history" / "parquet")
    for journal in (run / "history").glob("*.journal"):
        journal.unlink()
    for place in (run, run / "history", run / "history" / "parquet"):
        assert recorded(place, "grab") == [5_000, 7_000]
    assert replay(recorded(run), time_scale=2.0) == [0, 4_000, 8_000]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "cannot be read: Empty CSV"),
        ("at_s\n", "no arrivals are recorded"),
        ("second,count\n1,0\n", "no arrivals are recorded"),
        ("1.5\n2.5\n", "needs a column at_s, at_ns or intended_ns, or second and count"),
        ("at_s\nsoon\n", "column 'at_s' has to hold numbers, and holds string"),
        ("at_s,b\n1,2\n,2\n", "'at_s' has a value that is missing"),
        ("at_s\n1\nnan\n", "'at_s' has a value that is missing, not finite"),
        ("at_s\n1e300\n", "not finite or too large"),
        ("at_s\n-1e300\n", "not finite or too large"),
        ("at_s,at_s\n1,2\n", "has 2 columns 'at_s'"),
        ("second,count\n1,-1\n", "whole numbers from 0 on"),
        ("second,count\n1,0.5\n", "whole numbers from 0 on"),
        ("second,count\n1,100000000\n", "at most 50,000,000"),
        ("at_s\n1,2\n", "cannot be read: .*Expected 1 columns, got 2"),
    ],
)
def test_bad_csv_is_one_line(tmp_path: Path, text: str, says: str) -> None:
    """What is wrong, in which file, on one line."""
    with pytest.raises(ConfigError, match=says) as complaint:
        recorded(csv(tmp_path, text))
    assert str(complaint.value).startswith(f"{tmp_path / 'curve.csv'}: ")
    assert "\n" not in str(complaint.value)


def test_bad_files_are_one_line(tmp_path: Path, run: Path) -> None:
    """What is not there, not what its name says, or no recording at all."""
    (tmp_path / "noise.parquet").write_bytes(b"PAR1 not at all")
    (tmp_path / "noise.csv").write_bytes(bytes(range(256)))
    (tmp_path / "curve.txt").write_text("at_s\n1\n")
    (tmp_path / "empty").mkdir()
    for name, says in {
        "gone.csv": "no such file or folder",
        "gone.parquet": "no such file or folder",
        "noise.parquet": "cannot be read",
        "noise.csv": "cannot be read",
        "curve.txt": "a .csv or .parquet file or a run's folder",
        "empty": "holds neither journals nor Parquet",
    }.items():
        with pytest.raises(ConfigError, match=says) as complaint:
            recorded(tmp_path / name)
        assert "\n" not in str(complaint.value)
    with pytest.raises(ConfigError, match="no arrivals are recorded of operation 'refund'"):
        recorded(run, "refund")
    with pytest.raises(ConfigError, match="has no columns 'operation'"):
        recorded(csv(tmp_path, "at_s\n1\n"), "grab")
