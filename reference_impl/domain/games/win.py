"""What a play brings."""

from typing import NamedTuple


class Win(NamedTuple):
    """The award of a play: the scene whose terms it has, and the occurrence in its order number."""

    scene: str
    rain: str
    amount_fen: int = 0
    """Coupons have none."""
    note: str = ""
    """What else was decided: the card that was drawn, who brought a friend."""
