"""Steering: which region a new packet goes to (W03, W04)."""

from collections.abc import Container, Sequence
from typing import Final
from zlib import crc32

BY_ACCESS: Final = -1
"""The dial's value that leaves a packet at its sender's access point (W01)."""


def spread(sender: int, client_key: str, parts: int) -> int:
    """A part from 0 to `parts` - 1, always the same for a sender's key, all parts equally often."""
    return crc32(f"{sender}:{client_key}".encode()) % parts


def region_of(
    access: str, percent: int, place: int, forced: str | None, healthy: Container[str], regions: Sequence[str]
) -> str:
    """The region of a new packet.

    `forced` is where an operator sends everything, and final; otherwise packets whose `place` (0 to 99) is below
    `percent` go north and the others south, or all stay at their access point. A region that is not healthy is left for
    one that is. Only `regions` have order databases.
    """
    if forced is not None and forced in regions:
        return forced
    chosen = access if percent == BY_ACCESS else "north" if place < percent else "south"
    order = [chosen, *(region for region in regions if region != chosen)]
    there = [region for region in order if region in regions]
    return next((region for region in there if region in healthy), there[0])
