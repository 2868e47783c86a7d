"""What a bank does to those who ask it: mostly what they ask, and otherwise one of a few things that banks do (B23)."""

from collections.abc import Mapping
from typing import Final

MOODS: Final[Mapping[str, str]] = {
    "late": "answers after a while",
    "fails": "does nothing, and says that something is wrong",
    "mute": "does it, and does not answer",
    "twice": "does it and answers twice",
    "refuses": "does not pay, for reasons of its own",
}
WELL: Final = ""
Shares = Mapping[str, float]
"""Mood → how many of a hundred requests meet it."""


def parse_moods(text: str) -> dict[str, float]:
    """`late:5,mute:2.5` as shares. Raises ValueError for what is no mood, or more than all there is."""
    shares: dict[str, float] = {}
    for part in filter(None, text.split(",")):
        name, _, percent = part.partition(":")
        if name not in MOODS:
            raise ValueError(f"bank_moods: {name!r} is none of {', '.join(MOODS)}")
        shares[name] = float(percent)
    if not all(percent >= 0 for percent in shares.values()) or sum(shares.values()) > 100:
        raise ValueError(f"bank_moods: {text!r} are no shares of a hundred")
    return shares


def mood_of(shares: Shares, drawn: float) -> str:
    """The mood that a number from 0 to 1 falls on."""
    left = drawn * 100
    for name, percent in shares.items():
        left -= percent
        if left < 0:
            return name
    return WELL
