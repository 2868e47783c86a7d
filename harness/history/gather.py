"""Histories from many machines to one place: any URL that fsspec knows (file, s3, gs, sftp, memory and so on).

`<url>/<run>/` gets the layout of a run's folder. A writer holds a lock on a note beside its journal while it lives;
whatever note can be locked belongs to one that has ended, well or by kill -9, and is handed in by whoever ends
next on that machine. A program of its own (`python -m harness.history.gather push FOLDER URL`), because fsspec's
threads and gevent's patches do not go together.
"""

import fcntl
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import fsspec

from harness.config import ConfigError, one_line

_NOTE = ".alive"


def hold(folder: Path, worker: str) -> IO[bytes]:
    """The note of a worker that lives as long as this file is open in it."""
    file = (folder / f"{worker}{_NOTE}").open("wb")
    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return file


def push(folder: Path, url: str) -> list[str]:
    """Copies what ended workers left in `folder` (a run's history/) to `url`/history; returns their names."""
    files, root = _open(url)
    given = []
    for note in sorted(folder.glob(f"*{_NOTE}")):
        with _ended(note) as ended:
            if ended:
                worker = note.name.removesuffix(_NOTE)
                _put(files, [*folder.glob(f"{worker}-*"), *folder.glob(f"{worker}.*json")], f"{root}/history")
                note.unlink()
                given.append(worker)
    return given


def push_record(folder: Path, url: str) -> None:
    """Copies what stands in a run's folder itself to `url`."""
    files, root = _open(url)
    _put(files, [path for path in folder.glob("*.json") if path.is_file()], root)


def pull(url: str, folder: Path) -> int:
    """Copies what was handed in to `url`/history into `folder`; returns how many files were new."""
    files, root = _open(url)
    source, fresh = f"{root}/history", 0
    try:
        for found in files.ls(source, detail=True) if files.exists(source) else []:
            path = folder / Path(found["name"]).name
            if not path.exists() or path.stat().st_size != found["size"]:
                files.get_file(found["name"], str(path))
                fresh += 1
    except OSError as error:
        raise ConfigError(f"{url}: histories cannot be read from here: {one_line(error)}") from None
    return fresh


def _open(url: str) -> tuple[Any, str]:
    try:
        files, root = fsspec.core.url_to_fs(url)
    except (ValueError, ImportError) as error:
        raise ConfigError(f"{url}: histories cannot be kept here: {one_line(error)}") from None
    return files, root.rstrip("/")


def _put(files: Any, paths: list[Path], root: str) -> None:
    files.makedirs(root, exist_ok=True)
    for path in paths:
        files.put_file(str(path), f"{root}/{path.name}")


@contextmanager
def _ended(note: Path) -> Iterator[bool]:
    """Has the writer of `note` ended? Nobody else asks at the same time, if so."""
    try:
        with note.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield note.exists()
    except (BlockingIOError, FileNotFoundError):
        yield False


if __name__ == "__main__":
    {"push": push, "record": push_record}[sys.argv[1]](Path(sys.argv[2]), sys.argv[3])
