"""Fireworks: a moment brings everybody who lit the same (B02). The amounts are ours, the last of them the largest."""

from typing import Final

from reference_impl.domain.games.win import Win

SCENE: Final = "sky"
AMOUNTS_FEN: Final = (66, 88, 166, 188, 666, 888)


def light(occurrence: int, _number: int) -> Win:
    """What a moment brings whoever lit in it."""
    return Win(SCENE, str(occurrence), AMOUNTS_FEN[(occurrence - 1) % len(AMOUNTS_FEN)])
