"""What a simulated deployment stands on: a folder in memory, and private servers where they are wanted."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from harness import servers
from harness.simulation.world import Deployment, Options, World

_IN_MEMORY: Final = Path("/dev/shm")


@contextmanager
def stand(world: World, backend: str, mutant: str = "") -> Iterator[Deployment]:
    """A deployment of the world's system, and everything beneath it; gone afterwards."""
    place = str(_IN_MEMORY) if _IN_MEMORY.is_dir() and os.access(_IN_MEMORY, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="rainproof-", dir=place) as folder:
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
