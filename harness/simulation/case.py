"""A counterexample in a file: everything needed to play it again, and its story for whoever opens it."""

from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from harness.config import ConfigError, one_line
from harness.simulation.tape import Line
from harness.simulation.world import Plan

SCHEMA_VERSION: Final = 1
NAME: Final = "case.json"

_TEST: Final = '''"""{world}, {invariant}: a counterexample that rainproof found; it fails until the bug is fixed.

{story}
"""

from pathlib import Path

from harness.simulate import replay

CASE = Path(__file__).with_name("{case}")


def test_{name}() -> None:
    """{invariant} holds when this schedule is played again."""
    replayed = replay(CASE)
    assert not replayed.violated, "\\n".join(replayed.story)
'''


class Case(Struct, frozen=True, kw_only=True):
    """`invariant`: the one that was shrunk for; `digest`: the hash of the trace, equal on every replay."""

    schema_version: int = SCHEMA_VERSION
    world: str
    backend: str
    mutant: str
    invariant: str
    faults: list[str]
    seed: str
    plan: Plan
    tape: list[Line]
    digest: str
    story: list[str]


def save(case: Case, folder: Path) -> Path:
    """Write `case.json`, `story.txt` and a test that fails until the bug is fixed; the path of the case."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / NAME
    path.write_bytes(msgspec.json.format(msgspec.json.encode(case), indent=1))
    text = "\n".join(case.story)
    (folder / "story.txt").write_text(text + "\n", encoding="utf-8")
    name = f"{case.world}_{case.invariant}"
    safe = text.replace("\\", "\\\\").replace('"""', "'''")
    test = _TEST.format(world=case.world, invariant=case.invariant, story=safe, case=path.name, name=name)
    (folder / f"test_{name}.py").write_text(test, encoding="utf-8")
    return path


def load(path: Path) -> Case:
    """Read a case file, or the one in a folder. Raises ConfigError."""
    path = path / NAME if path.is_dir() else path
    try:
        case = msgspec.json.decode(path.read_bytes(), type=Case)
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}; name a case.json that simulate wrote, or its folder") from None
    except msgspec.DecodeError as error:
        raise ConfigError(f"{path}: no case file: {one_line(error)}") from None
    if case.schema_version != SCHEMA_VERSION:
        raise ConfigError(f"{path}: schema version {case.schema_version}, this rainproof reads {SCHEMA_VERSION}")
    return case
