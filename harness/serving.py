"""What `rainproof serve` is serving, for commands that ask it something: a note among its target's data, which go when
it ends."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from harness import rundir
from harness.config import ConfigError, one_line
from harness.target import Target, load_target

FOLDER: Final = "serve"
_NOTE: Final = "serve.json"


class Served(Struct, frozen=True):
    """A target file, and what filled its `{name}`s."""

    target: str
    variables: dict[str, str]


def note(folder: Path, target: Path, variables: Mapping[str, str]) -> None:
    """Leave word in the folder of a `serve`."""
    rundir.write_json(folder / "data" / _NOTE, Served(str(target), dict(variables)))


def target(file: Path | None, root: Path = rundir.ROOT) -> Target:
    """The target of a file of somebody's own, or of the newest `serve`. ConfigError: there is none."""
    if file is not None:
        return load_target(file, {})
    notes = sorted((root / FOLDER).glob(f"*/data/{_NOTE}"))
    if not notes:
        raise ConfigError("nothing is served here: start `rainproof serve` in this folder, or name a --target")
    try:
        served = msgspec.json.decode(notes[-1].read_bytes(), type=Served)
    except (OSError, msgspec.DecodeError) as error:
        raise ConfigError(f"{notes[-1]}: is not the note of a serve: {one_line(error)}") from None
    return load_target(served.target, served.variables)
