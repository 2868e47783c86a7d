"""What a swarm process has to know: from the run's swarm.json, or from the environment of a Locust started by hand."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct

from harness.config import ConfigError, convert, one_line

VARIABLE: Final = "RAINPROOF_SWARM"


class Settings(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One run's load.

    `workers` 0: as many as Locust's master expects. `start_ns`: T0, or by barrier. `history`: a folder, or, if empty,
    runs/locust/RUN/history. `history_to`: a URL that workers hand their histories in at, in a folder named by the run;
    if empty they stay where they are. `machine`: a
    name for what shares one monotonic clock; by default the kernel tells. `judge` 1: the master ends with the verdict.
    `late_ms`: how late the p99 of a worker's arrivals may start before the run is inconclusive.
    `restart_s`: how long the master waits, when all others have played, for somebody to take up a lost part.
    """

    target: str
    history: str = ""
    variables: dict[str, str] = {}
    scenario: str = ""
    run: str = ""
    seed: int = 7
    people: int = 600
    packets: int = 60
    rounds: int = 0
    duration_s: float = 20.0
    tagged: float = 0.0
    workers: int = 0
    start_ns: int | None = None
    progress: str | None = None
    lookers: int = 2
    in_flight: int = 5_000
    timeout_s: float = 10.0
    late_ms: float = 1.0
    clock_error_ns: int = 0
    history_to: str = ""
    machine: str = ""
    judge: int = 0
    restart_s: float = 0.0
    options: dict[str, Any] = {}


def load_settings(default_target: Path | None, environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings of this process. ConfigError: the file named by RAINPROOF_SWARM, or a variable, does not fit."""
    if VARIABLE in environment:
        return _from_file(Path(environment[VARIABLE]))
    return _from_environment(default_target, environment)


def _from_file(path: Path) -> Settings:
    try:
        tree = msgspec.json.decode(path.read_bytes())
    except (OSError, msgspec.DecodeError) as error:
        raise ConfigError(f"{path}: cannot be read as JSON: {one_line(error)}") from None
    return convert(tree, Settings, source=str(path))


def _from_environment(default_target: Path | None, environment: Mapping[str, str]) -> Settings:
    """RAINPROOF_ and a field's name in capitals, if it is a text or a number; the same for the target's {names}."""
    tree: dict[str, Any] = {}
    for field in msgspec.structs.fields(Settings):
        text = environment.get(f"RAINPROOF_{field.name.upper()}")
        if text is not None and field.type in (str, int, float):
            tree[field.name] = _number(field.name, text, field.type)
    if default_target is not None:
        tree.setdefault("target", str(default_target))
    tree["variables"] = _VARIABLES | {
        name: environment[f"RAINPROOF_{name.upper()}"]
        for name in _VARIABLES
        if f"RAINPROOF_{name.upper()}" in environment
    }
    return convert(tree, Settings, source="environment")


def history_folder(settings: Settings, run: str) -> Path:
    """Where this process keeps its journals of the run called `run`; there when this returns."""
    folder = Path(settings.history) if settings.history else Path("runs", "locust", run, "history")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"history: {folder} cannot be made: {error.strerror}") from None
    return folder


_VARIABLES: Final = {
    "python": sys.executable,
    "port": "8080",
    "sql": "",
    "cache": "",
    "data": "",
    "backend": "",
    "options": "",
    "topology": "",
    "run": "",
}


def _number(name: str, text: str, kind: Any) -> Any:
    try:
        return kind(text)
    except ValueError:
        raise ConfigError(f"environment: RAINPROOF_{name.upper()} is '{text}', which is no {kind.__name__}") from None
