"""results.json: written, read again, and refused when it is something else."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.config import ConfigError
from harness.report import results as report
from harness.report.results import Results


def test_results_are_read_back(tmp_path: Path, results_of: Callable[..., Results]) -> None:
    """What is saved is loaded again, and is plain JSON with a schema version."""
    path = report.save(tmp_path, results_of())
    assert report.load(tmp_path) == results_of()
    tree = json.loads(path.read_text())
    assert tree["schema_version"] == 1
    assert tree["invariants"]["conservation"]["witnesses"][1]["rows"] == [{"a": 1}]
    assert report.parse(tree) == results_of()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "is not JSON"),
        ("[]", "is not a run's results"),
        ("{}", "schema_version is None, this rainproof reads 1"),
        ('{"schema_version": 2}', "schema_version is 2"),
        ('{"schema_version": 1}', "is not a run's results: Object missing required field `verdict`"),
    ],
)
def test_something_else_is_refused(tmp_path: Path, text: str, said: str) -> None:
    """A file that is cut off, of another version or something else is one line."""
    (tmp_path / "results.json").write_text(text)
    with pytest.raises(ConfigError) as caught:
        report.load(tmp_path)
    assert said in str(caught.value)


def test_absent_results_are_one_line(tmp_path: Path) -> None:
    """A folder without results says so."""
    with pytest.raises(ConfigError, match=r"results\.json: cannot be read: No such file"):
        report.load(tmp_path)
