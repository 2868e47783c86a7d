"""The closing split: a pool is divided among its collectors to the fen, and each gets a coupon too (B02)."""

from collections.abc import Collection
from typing import Final

from reference_impl.domain.games.win import Win

SCENE: Final = "split"
COUPON: Final = "shop"


def shares(pool_fen: int, collectors: Collection[int], pool: str) -> dict[int, Win]:
    """Collector → share: equal, and of what is left a fen each to those with the smallest act_ids. Whom not even a fen
    is left for has no share.

    Each share has an occurrence of its own, so that two people who become one later keep both (B01).
    """
    equal_fen, rest_fen = divmod(pool_fen, len(collectors))
    amounts = ((act, equal_fen + (place < rest_fen)) for place, act in enumerate(sorted(collectors)))
    return {
        act: Win(SCENE, f"{pool}-{place}", amount_fen)
        for place, (act, amount_fen) in enumerate(amounts, 1)
        if amount_fen
    }


def gifts(collectors: Collection[int], pool: str) -> dict[int, Win]:
    """Collector → coupon."""
    return {act: Win(COUPON, f"split-{pool}-{place}") for place, act in enumerate(sorted(collectors), 1)}
