"""Systems to test: embedded, and on real servers that are started once for the whole session."""

import os
from collections.abc import Iterator

import pytest
from night import Night

from harness import servers
from harness.config import ConfigError
from reference_impl.bootstrap import build, create_stores
from reference_impl.runtime import ThreadRuntime
from reference_impl.settings import Settings


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[servers.Running]:
    """Private MariaDB and Redis; where they cannot be had tests are skipped, in CI they fail."""
    try:
        servers.require_programs()
    except ConfigError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(error))
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


def _night(settings: Settings) -> Iterator[Night]:
    create_stores(settings)
    system = build(settings, ThreadRuntime(), holder="tests")
    yield Night(system)
    system.close()
