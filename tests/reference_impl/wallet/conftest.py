"""Festivals to test, embedded and on real servers."""

import itertools
from collections.abc import Iterator
from typing import Any

import pytest
from festival import ACTIVITY, Festival

from harness import servers
from reference_impl.bootstrap import build, create_stores
from reference_impl.runtime import ThreadRuntime
from reference_impl.settings import Settings

_names = itertools.count(1)


@pytest.fixture(scope="session")
def embedded_festival(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Festival]:
    folder = tmp_path_factory.mktemp("embedded_festival")
    yield from _festival(sql=f"sqlite:///{folder}", cache="embedded", data=str(folder))


@pytest.fixture(scope="session")
def servers_festival(running: servers.Running, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Festival]:
    folder = tmp_path_factory.mktemp("festival_on_servers")
    yield from _festival(sql=running.sql, cache=running.cache, data=str(folder))


@pytest.fixture(params=["embedded", pytest.param("servers", marks=pytest.mark.servers)])
def festival(request: pytest.FixtureRequest) -> Festival:
    """The same wallet on each kind of backend, with its streams worked off."""
    found: Festival = request.getfixturevalue(f"{request.param}_festival")
    found.credit()
    return found


def _festival(**where: Any) -> Iterator[Festival]:
    settings = Settings(activity=str(ACTIVITY), order_shards=1, day_tables=(1,), rest_ms=0, **where)
    create_stores(settings)
    system = build(settings, ThreadRuntime(), holder=f"tests-{next(_names)}")
    yield Festival(system)
    system.close()
