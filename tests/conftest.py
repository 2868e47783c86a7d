"""How the suite is split over processes (`pytest -n 2`): a file stays whole, nights are played one at a time, first.

No test of Hypothesis has a deadline: machines are shared.
"""

import os
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadScopeScheduling

from harness.config import ConfigError
from harness.servers import require_programs

settings.register_profile("shared machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
if settings.get_current_profile_name() == "default":  # in CI Hypothesis has one of its own, without chance or deadlines
    settings.load_profile("shared machine")


@pytest.fixture(scope="session")
def server_programs() -> None:
    """MariaDB and Redis can be started; where they are missing tests are skipped, in CI they fail."""
    try:
        require_programs()
    except ConfigError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(error))


class ByFile(LoadScopeScheduling):  # type: ignore[misc]
    """The tests of a file share what they set up; nights are played against the clock, so all are one share."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return "nights" if _has_nights(str(self.config.rootpath / file)) else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    config.option.loadscopereorder = False
    return ByFile(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Nights first, because they take longest."""
    items.sort(key=lambda item: item.get_closest_marker("night") is None)


@cache
def _has_nights(file: str) -> bool:
    return re.search(r"^pytestmark = .*pytest\.mark\.night\b", Path(file).read_text(encoding="utf-8"), re.M) is not None
