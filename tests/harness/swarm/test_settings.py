"""Where a swarm process learns what to do."""

import json
from pathlib import Path

import pytest

from harness.config import ConfigError
from harness.swarm.settings import history_folder, load_settings


def test_the_runs_file_is_read(tmp_path: Path) -> None:
    """RAINPROOF_SWARM names the file; what it does not say has a default."""
    path = tmp_path / "swarm.json"
    path.write_text(json.dumps({"target": "t.toml", "history": str(tmp_path), "seed": 9, "workers": 2}))
    settings = load_settings(None, {"RAINPROOF_SWARM": str(path), "RAINPROOF_SEED": "1"})
    assert (settings.seed, settings.workers, settings.people) == (9, 2, 600)


def test_an_unknown_key_names_the_nearest(tmp_path: Path) -> None:
    """A misspelt key is not passed over."""
    path = tmp_path / "swarm.json"
    path.write_text(json.dumps({"target": "t.toml", "history": str(tmp_path), "peple": 9}))
    with pytest.raises(ConfigError, match="did you mean 'people'"):
        load_settings(None, {"RAINPROOF_SWARM": str(path)})


def test_a_locust_by_hand_reads_its_environment(tmp_path: Path) -> None:
    """Without the run's file: numbers, the target's variables, and a default target."""
    given = {"RAINPROOF_HISTORY": str(tmp_path / "h"), "RAINPROOF_PEOPLE": "50", "RAINPROOF_PORT": "81"}
    settings = load_settings(Path("mine.toml"), given)
    assert (settings.target, settings.people, settings.variables["port"]) == ("mine.toml", 50, "81")
    assert history_folder(settings, "eve") == tmp_path / "h"
    assert (tmp_path / "h").is_dir()


def test_a_number_that_is_none_is_named(tmp_path: Path) -> None:
    """One line: which variable, and what is wrong with it."""
    with pytest.raises(ConfigError, match="RAINPROOF_PEOPLE is 'many'"):
        load_settings(Path("mine.toml"), {"RAINPROOF_PEOPLE": "many", "RAINPROOF_HISTORY": str(tmp_path)})


def test_histories_stand_under_the_runs_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a folder of one's own, all processes of a run on one machine share one; a bad place is one line."""
    monkeypatch.chdir(tmp_path)
    settings = load_settings(Path("mine.toml"), {})
    assert history_folder(settings, "eve") == Path("runs", "locust", "eve", "history")
    assert (tmp_path / "runs" / "locust" / "eve" / "history").is_dir()
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="cannot be made"):
        history_folder(load_settings(Path("mine.toml"), {"RAINPROOF_HISTORY": str(tmp_path / "file" / "h")}), "eve")
