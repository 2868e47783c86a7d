"""Drills: what operators may have to do on the night, played through and judged. `catalogue` is what `drill` finds."""

from collections.abc import Callable, Mapping
from typing import Any


def catalogue() -> dict[str, Callable[[Mapping[str, Any]], dict[str, Any]]]:
    """Drills by name; each takes the command's options and gives what `drill --json` prints."""
    from scenarios.drills.alarms import alarms
    from scenarios.drills.switches import switches

    return {"alarms": alarms, "switches": switches}
