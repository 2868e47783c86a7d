"""The lucky koi: one of a pool's collectors gets a large amount (B02)."""

from collections.abc import Collection
from typing import Final

from reference_impl.domain.games.win import Win

SCENE: Final = "koi"
KOI_FEN: Final = 888_800
"""Ours: 8,888 yuan. The source says only that it is large."""


def koi(collectors: Collection[int], number: int, pool: str) -> tuple[int, Win]:
    """Who it is whom the random `number` finds, everybody equally likely, and what they get."""
    return sorted(collectors)[number % len(collectors)], Win(SCENE, f"koi-{pool}", KOI_FEN)
