"""What a simulated deployment stands on: a folder in memory, and private servers where they are wanted."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from harness import servers
from harness.simulation.world import Deployment, Options, World

_IN_MEMORY: Final = Path("/dev/shm")
_PREFIX: Final = "rainproof-stand-"
"""After it stands the id of the process the folder belongs to."""


@contextmanager
def stand(world: World, backend: str, mutant: str = "") -> Iterator[Deployment]:
    """A deployment of the world's system, and everything beneath it; gone afterwards."""
    place = _IN_MEMORY if _IN_MEMORY.is_dir() and os.access(_IN_MEMORY, os.W_OK) else Path(tempfile.gettempdir())
    _forget_the_dead(place)
    with tempfile.TemporaryDirectory(prefix=f"{_PREFIX}{os.getpid()}-", dir=place) as folder:
        if backend == "embedded":
            yield from _deployed(world, Options(backend, folder, mutant=mutant))
        else:
            with servers.start(Path(folder) / "servers", volatile=True) as running:
                yield from _deployed(world, Options(backend, folder, running.sql, running.cache, mutant))


def _deployed(world: World, options: Options) -> Iterator[Deployment]:
    deployment = world.deploy(options)
    try:
        yield deployment
    finally:
        deployment.close()


def _forget_the_dead(place: Path) -> None:
    """Remove what processes left that were killed without a chance to."""
    for folder in place.glob(f"{_PREFIX}*-*"):
        owner = folder.name.removeprefix(_PREFIX).partition("-")[0]
        if owner.isdigit() and not Path(f"/proc/{owner}").exists():
            shutil.rmtree(folder, ignore_errors=True)
