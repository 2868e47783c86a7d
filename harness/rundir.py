"""The folder that a run leaves: runs/<scenario>/<UTC time>/, and the link runs/latest to the newest."""

import os
import platform
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct

from harness.config import ConfigError, one_line
from harness.servers import find_program

ROOT: Final = Path("runs")
LATEST: Final = "latest"
_RECORD: Final = "run.json"
_LIBRARIES: Final = (
    *("rainproof", "locust", "gevent", "msgspec", "httptools", "numpy", "pyarrow", "duckdb", "sqlalchemy"),
    *("pymysql", "redis", "fakeredis", "falcon", "granian"),
)


class RunRecord(Struct, frozen=True, kw_only=True):
    """run.json: what a run was, so that it can be understood, judged and done again later."""

    schema_version: int = 1
    scenario: str
    seed: int
    argv: list[str]
    started: str  # UTC, ISO 8601
    configuration: dict[str, Any]
    versions: dict[str, str]
    platform: dict[str, str]


def create(scenario: str, root: Path = ROOT) -> Path:
    """A new, empty folder for a run of `scenario`, now what `latest` points to."""
    try:
        folder = _fresh(root / scenario)
        _point_latest_at(folder, root)
    except OSError as error:
        raise ConfigError(f"{root}: no run folder can be made here: {error.strerror}: {error.filename}") from None
    return folder


def resolve(text: str, root: Path = ROOT) -> Path:
    """The folder of a run that the user named: a path, `latest`, or <scenario>/<time> below `root`."""
    for candidate in (Path(text), root / text):
        if (candidate / _RECORD).is_file():
            return candidate.resolve()
    raise ConfigError(f"{text}: no run is here: name a folder that holds {_RECORD}, such as {root / LATEST}")


def record(
    folder: Path, scenario: str, seed: int, argv: Sequence[str], configuration: Mapping[str, Any], servers: bool
) -> RunRecord:
    """Write run.json. `servers`: name MariaDB's and Redis's versions too."""
    written = RunRecord(
        scenario=scenario,
        seed=seed,
        argv=list(argv),
        started=datetime.now(UTC).isoformat(timespec="milliseconds"),
        configuration=dict(configuration),
        versions=_versions() | (_server_versions() if servers else {}),
        platform={
            "system": platform.platform(),
            "machine": platform.machine(),
            "processors": str(os.cpu_count()),
            "user": str(os.geteuid()),
        },
    )
    write_json(folder / _RECORD, written)
    return written


def read_record(folder: Path) -> RunRecord:
    """run.json of a finished run; one that cannot be read is a ConfigError."""
    path = folder / _RECORD
    try:
        return msgspec.json.decode(path.read_bytes(), type=RunRecord)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: is not the record of a run: {one_line(error)}") from None


def write_json(path: Path, content: object) -> None:
    """`content` as readable JSON, there complete or not at all."""
    partial = path.with_suffix(path.suffix + ".part")
    partial.write_bytes(msgspec.json.format(msgspec.json.encode(content), indent=2) + b"\n")
    partial.replace(path)


def _fresh(parent: Path) -> Path:
    """A folder named by the time in milliseconds, which nobody else has: of several at once, all but one wait."""
    parent.mkdir(parents=True, exist_ok=True)
    while True:
        now = datetime.now(UTC)
        folder = parent / f"{now:%Y-%m-%dT%H-%M-%S}.{now.microsecond // 1000:03}Z"
        with suppress(FileExistsError):
            folder.mkdir()
            return folder


def _point_latest_at(folder: Path, root: Path) -> None:
    """Replaced in one step, so that nobody ever finds it missing."""
    link = root / f".{LATEST}-{os.getpid()}"
    link.unlink(missing_ok=True)
    link.symlink_to(folder.relative_to(root), target_is_directory=True)
    link.replace(root / LATEST)


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for name in _LIBRARIES:
        with suppress(PackageNotFoundError):
            found[name] = version(name)
    return found


def _server_versions() -> dict[str, str]:
    return {name: _said_version(name) for name in ("mariadbd", "redis-server")}


def _said_version(program: str) -> str:
    said = subprocess.run([find_program(program), "--version"], capture_output=True, text=True, check=False)
    return one_line(said.stdout)
