"""Systems to test: embedded, and on real servers that are started once for the whole session."""

from collections.abc import Iterator

import pytest
from night import Night

from harness import servers
from reference_impl.bootstrap import build, create_stores
from reference_impl.runtime import ThreadRuntime
from reference_impl.settings import Settings


@pytest.fixture(scope="session")
def running(server_programs: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[servers.Running]:
    """Private MariaDB and Redis."""
    with servers.start(tmp_path_factory.mktemp("reference") / "servers") as started:
        yield started


@pytest.fixture(scope="session")
def embedded_night(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Night]:
    folder = tmp_path_factory.mktemp("embedded")
    yield from _night(Settings(sql=f"sqlite:///{folder}", cache="embedded", data=str(folder)))


@pytest.fixture(scope="session")
def servers_night(running: servers.Running, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Night]:
    folder = tmp_path_factory.mktemp("on_servers")
    yield from _night(Settings(sql=running.sql, cache=running.cache, data=str(folder)))


@pytest.fixture(params=["embedded", pytest.param("servers", marks=pytest.mark.servers)])
def night(request: pytest.FixtureRequest) -> Night:
    """The same system on each kind of backend, with streams as they are after a drain."""
    found: Night = request.getfixturevalue(f"{request.param}_night")
    found.credit()
    found.forget_messages()
    found.groups()
    return found


@pytest.fixture(scope="module")
def small_night(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Night]:
    """A deployment of a file's own with next to nothing in it: all that stands there can be read before and after."""
    folder = tmp_path_factory.mktemp("small")
    settings = Settings(sql=f"sqlite:///{folder}", cache="embedded", data=str(folder), order_shards=1)
    for small in _night(settings):
        small.system.cache.flushdb()
        yield small


def _night(settings: Settings) -> Iterator[Night]:
    create_stores(settings)
    system = build(settings, ThreadRuntime(), holder="tests")
    yield Night(system)
    system.close()
