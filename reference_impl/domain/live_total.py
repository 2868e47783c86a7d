"""How often the live total may be asked for and written, and by how many keys it is spread (B13)."""

from typing import Final

TICKS_PER_S: Final = 28_000
"""Instances that one Redis key bears, each reading and writing once a second: 20,000 and 8,000 were verified."""
KEYS: Final = 100
"""Of the first plan, by act_id."""


def interval_s(wanted_s: float, instances: int) -> float:
    """How long a process waits between two ticks, so that all of them together are not too many for one key."""
    return max(wanted_s, instances / TICKS_PER_S)
