"""News between workers."""

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.night


def test_what_one_tells_all_hear(drive: Callable[..., Any]) -> None:
    """Whoever waits hears the first word, who comes late hears it too, and nobody hears what was never told."""
    assert drive("news_driver.py") == {"heard": ["p1", "p1", "p1"], "late": "p1", "never": None}
