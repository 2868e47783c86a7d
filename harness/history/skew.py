"""How far a worker's clock is from the run's: beside its journal, replaced whole as more becomes known.

The run's clock is that of Locust's master. A worker's moments are brought to it when its journal is read; what stays
unknown widens every comparison between workers, as `clock_error_ns`.
"""

import os
from pathlib import Path

import msgspec
from msgspec import Struct

from harness.config import ConfigError, one_line


class Skew(Struct, frozen=True):
    """The worker's clock minus the run's, during the whole of the worker's life: `offset_ns` ± `error_ns`."""

    offset_ns: int = 0
    error_ns: int = 0


def write_skew(folder: Path, worker: str, skew: Skew) -> None:
    """A reader sees the old note or the new one, never a half."""
    path = _path(folder, worker)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_bytes(msgspec.json.encode(skew))
    draft.replace(path)


def read_skew(folder: Path, worker: str) -> Skew:
    """What is known of `worker`'s clock; one that left no note had the run's clock."""
    path = _path(folder, worker)
    try:
        return msgspec.json.decode(path.read_bytes(), type=Skew)
    except FileNotFoundError:
        return Skew()
    except msgspec.DecodeError as error:
        raise ConfigError(f"history: {path} cannot be read ({one_line(error)}); was it copied whole?") from None


def _path(folder: Path, worker: str) -> Path:
    return folder / f"{worker}.clock.json"
