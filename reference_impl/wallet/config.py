"""The activity as it is configured: from the config centre, or from the local copy that stands in for it (B05, B10).

The centre is a table of the operators' database in which every version is a row. Each process looks for a newer one
several times a second and keeps it in a file beside the stores; without the centre that file serves, and without either
the activity that was shipped. The highest number wins.

A scene keeps the terms of its money: who wants others makes another scene, for awards may stand under the old ones.
"""

import logging
import os
from pathlib import Path
from typing import Final

import msgspec
import sqlalchemy as sa

from reference_impl.domain.errors import Refused
from reference_impl.domain.scenes import Activity, Scene, load_activity
from reference_impl.stores.ops_tables import OPS
from reference_impl.stores.sql import Store, insert_into

log = logging.getLogger(__name__)


class Version(msgspec.Struct, frozen=True):
    """One version of the activity: its TOML. Number 0 is the one that was shipped."""

    number: int
    text: str


class Config:
    """What one process knows. Reading `activity` asks nobody."""

    def __init__(self, centre: Store, file: Path, shipped: str) -> None:
        self._centre, self._file = centre, file
        self.version = Version(0, shipped)
        self.activity = load_activity(shipped)

    def refresh(self, *, local: bool = False) -> str:
        """Look for a newer version: in the centre, or, with `local` or while it is gone, in the copy; which it was."""
        try:
            found = None if local else self._asked()
        except sa.exc.SQLAlchemyError as error:
            log.warning("the config centre does not answer: %s", error)
            local = True
        self._learn(self._copied() if local else found)
        return "copy" if local else "centre"

    def publish(self, text: str, who: str, at_us: int) -> Version:
        """Make an activity the newest version. Raises Refused("bad_activity"), or database errors."""
        standing = self._asked() or self.version
        _check(load_activity(standing.text), _read(text))
        fresh = Version(standing.number + 1, text)
        row = {**msgspec.structs.asdict(fresh), "who": who, "at_us": at_us}
        try:
            self._centre.write(lambda connection: connection.execute(insert_into(OPS.activities), row))
        except sa.exc.IntegrityError:
            raise Refused("bad_activity", "another was published at the same time") from None
        return fresh

    def _asked(self) -> Version | None:
        """A version in the centre that is newer than what is known."""
        values = {"known": self.version.number}
        row = self._centre.read(lambda connection: connection.execute(_NEWER, values).first())
        return Version(row.number, row.text) if row else None

    def _copied(self) -> Version | None:
        try:
            return msgspec.json.decode(self._file.read_bytes(), type=Version)
        except FileNotFoundError:
            return None
        except (OSError, msgspec.MsgspecError) as error:
            log.error("the local copy %s cannot be read: %s", self._file, error)
            return None

    def _learn(self, found: Version | None) -> None:
        if found is None or found.number <= self.version.number:
            return
        self.version, self.activity = found, load_activity(found.text)
        fresh = self._file.with_suffix(f".{os.getpid()}-{id(self)}")
        try:
            fresh.write_bytes(msgspec.json.encode(found))
            fresh.replace(self._file)
        except OSError as error:
            log.warning("%s is not up to date: %s", self._file, error)


def _read(text: str) -> Activity:
    try:
        return load_activity(text)
    except msgspec.MsgspecError as error:
        raise Refused("bad_activity", str(error)) from None


def _check(standing: Activity, wanted: Activity) -> None:
    """Raises Refused("bad_activity") where an activity drops a scene or changes the terms of its money."""
    if wanted.id != standing.id:
        raise Refused("bad_activity", f"it is {standing.id} that stands")
    for scene in standing.scenes:
        after = wanted.scene(scene.id)
        if after is None or _terms(after) != _terms(scene):
            raise Refused("bad_activity", f"scene {scene.id} has awards on its terms")


def _terms(scene: Scene) -> tuple[object, ...]:
    return scene.award_type, scene.path, scene.budget_fen, scene.cap_fen, scene.stock


_NEWER: Final = (
    sa.select(OPS.activities.c.number, OPS.activities.c.text)
    .where(OPS.activities.c.number > sa.bindparam("known"))
    .order_by(OPS.activities.c.number.desc())
    .limit(1)
)
