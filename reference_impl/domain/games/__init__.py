"""The games that are played, each a small file of rules over the asset order layer (B02).

A play is decided once, recorded, and then awarded; asked for again it is the same play. What `cards`, `rain`, `friends`
and `fireworks` decide, a person has asked for; a share, a gift and the koi are decided for everybody at once when a
pool is closed or drawn from, and a host's share when a friend comes.
"""

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from reference_impl.domain.errors import Refused
from reference_impl.domain.games import cards, fireworks, rain
from reference_impl.domain.games.win import Win

CARDS: Final = "cards"
FRIENDS: Final = "friends"
HOST: Final = "host"
SPLIT: Final = "split"
GIFT: Final = "gift"
KOI: Final = "koi"


class Game(NamedTuple):
    most: int
    """Occurrences there are, numbered from 1."""
    decide: Callable[[int, int], Win] | None = None
    """What the occurrence brings whom a random number of 64 bits is drawn for; none: it is decided elsewhere."""


GAMES: Final[Mapping[str, Game]] = {
    CARDS: Game(30, cards.draw),
    "rain": Game(30, rain.catch),
    FRIENDS: Game(30),
    "fireworks": Game(12, fireworks.light),
    SPLIT: Game(cards.pool_of(30)),
    GIFT: Game(cards.pool_of(30)),
    KOI: Game(cards.pool_of(30)),
}
"""What a person can ask for by name."""


def occurrence_of(game: str, number: int) -> str:
    """The name of an occurrence. Raises Refused("unknown_game")."""
    known = GAMES.get(game)
    if known is None or not 1 <= number <= known.most:
        raise Refused("unknown_game", f"{game[:16]} {number}")
    return str(number)
