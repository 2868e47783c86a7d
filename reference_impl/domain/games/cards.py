"""Card collection: each draw gives a card and a coupon; who has every card of a pool's draws shares that pool (B02).

The source gives no figures: how many cards there are, how rare the last of them is, and what coupons come with them are
ours. The coupons are of scenes that have a blessing once their stock is spent, so that no draw comes to nothing.
"""

from collections.abc import Iterable
from typing import Final

from reference_impl.domain.games.win import Win

CARDS: Final = ("luck", "wealth", "joy", "health", "tiger")
RARE_PERCENT: Final = 12
"""Of draws that give the last card; the others are equally likely."""
COUPONS: Final = ("shop", "ads", "douplus")
DRAWS: Final = 10
"""So many draws, one after another, are for one pool."""


def draw(occurrence: int, number: int) -> Win:
    """What a draw gives whom `number` is drawn for."""
    percent, rest = number % 100, number // 100
    card = CARDS[-1] if percent < RARE_PERCENT else CARDS[rest % (len(CARDS) - 1)]
    coupon = COUPONS[rest // len(CARDS) % len(COUPONS)]
    return Win(coupon, f"cards-{occurrence}", note=card)


def pool_of(occurrence: int) -> int:
    """The pool that a draw's card is for, from 1."""
    return (occurrence - 1) // DRAWS + 1


def draws_of(pool: int) -> range:
    """The draws whose cards are for a pool."""
    return range((pool - 1) * DRAWS + 1, pool * DRAWS + 1)


def is_complete(cards: Iterable[str]) -> bool:
    """Whether these are every card there is."""
    return set(CARDS) <= set(cards)
