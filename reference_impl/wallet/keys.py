"""Where a deployment's token keys are: a file that only its owner reads."""

import os
from contextlib import suppress
from pathlib import Path
from threading import get_ident
from typing import Final

import msgspec

from reference_impl.wallet.sealing import Key, new_key

FILE: Final = "token_keys.json"


def load_keys(folder: Path) -> list[Key]:
    """The keys of a deployment; the first of them is made where there is none, once for all processes that look."""
    file = folder / FILE
    if not file.exists():
        fresh = _written(folder, [new_key(1)])
        with suppress(FileExistsError):  # somebody was quicker
            os.link(fresh, file)
        fresh.unlink()
    return msgspec.json.decode(file.read_bytes(), type=list[Key])


def rotate(folder: Path, *, retire: bool) -> list[Key]:
    """Add a key that seals from now on; with `retire`, those before it open nothing any more.

    What the server holds under them is to be credited first (B09).
    """
    keys = load_keys(folder)
    before = [msgspec.structs.replace(key, retired=True) for key in keys] if retire else keys
    save_keys(folder, [*before, new_key(max(key.number for key in keys) + 1)])
    return load_keys(folder)


def save_keys(folder: Path, keys: list[Key]) -> None:
    """In one step, so that nobody reads half a file."""
    _written(folder, keys).replace(folder / FILE)


def _written(folder: Path, keys: list[Key]) -> Path:
    """A file of another name, whole."""
    fresh = folder / f"{FILE}.{os.getpid()}-{get_ident()}"
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(msgspec.json.encode(keys))
    return fresh
