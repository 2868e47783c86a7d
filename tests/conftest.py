"""How the suite is split over processes (`-n 2 --dist loadgroup`): a file stays whole, nights are played alone."""

import pytest


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Nights are played against the clock: one at a time, and first, because they take longest."""
    for item in items:
        item.add_marker(pytest.mark.xdist_group("nights" if _is_night(item) else item.nodeid.partition("::")[0]))
    items.sort(key=lambda item: not _is_night(item))


def _is_night(item: pytest.Item) -> bool:
    return item.get_closest_marker("night") is not None
