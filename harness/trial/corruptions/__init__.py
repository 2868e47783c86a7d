"""Corruptions: what a real failure would leave in a recorded run, made by SQL over the canonical tables.

One TOML file an invariant holds those that it must catch, one table a corruption::

    [name]
    summary = "what stands there: the failure that leaves such a trace"
    needs = "what a recording must have for it"
    pick = "a SELECT of the rows that could be corrupted; of these the first in the order of its columns is taken"
    change = "the statements that do it, `;` between; $name is a column of the picked row"
    balances_follow = true    # afterwards each account holds what its lines sum to

A picked row has the `subject` that the invariant's witness must name. A pick may read the views of words.sql, which
hold only what is definite: an answer that nobody can doubt, of one attempt.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from msgspec import Struct

from harness.config import ConfigError, convert, read_toml

_FOLDER: Final = Path(__file__).parent


class Corruption(Struct, frozen=True):
    """One entry; `caught_by` is the name of its file."""

    name: str
    caught_by: str
    summary: str
    needs: str
    pick: str
    change: str
    balances_follow: bool = False


def catalogue(folder: Path = _FOLDER) -> Mapping[str, Corruption]:
    """Every corruption by name, in the order of the invariants. ConfigError: an entry that does not fit."""
    found: dict[str, Corruption] = {}
    for path in sorted(folder.glob("*.toml")):
        for name, entry in read_toml(path).items():
            if name in found:
                raise ConfigError(f"{path}: corruption '{name}' is there already, for {found[name].caught_by}")
            named = {"name": name, "caught_by": path.stem}
            found[name] = convert(named | entry, Corruption, source=f"{path}: [{name}]")
    return found
