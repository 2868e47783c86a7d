"""An evening of games, planned: who plays what, and when; when the pools are closed. Pure: a seed, a plan.

Day after day everybody draws a card; meanwhile there is a shower. Then a pool is closed and its koi drawn, by two
services at the same moment, while the last still draw; people ask for their share, or find it. Friends bring each other
along to a shower of theirs, and at last there are fireworks.
"""

from collections.abc import Iterator, Sequence
from random import Random
from typing import Final

from msgspec import Struct

from harness.swarm import schedules
from reference_impl.domain.acts import APPS
from scenarios.night import SECOND_NS, TAGGED_FROM

PEOPLE_PER_S: Final = 4.0
"""In the mean, a round: beside what they do in the rain each plays a dozen times."""
DRAWS: Final = 8
"""Days on which a card is drawn."""
POOL_FEN_EACH: Final = 997
"""In a side's pool, for each of its people."""
GROUP: Final = 5
"""So many come to the friends' shower together; the first of them brought the others."""
ASKS: Final = 0.5
"""Of the people those who ask for their share; the others find it in their wallet."""

# moments, as shares of the night
_DRAWS: Final = (0.03, 0.52)
_SHOWER: Final = 0.30
_CLOSES: Final = 0.50  # while the last still draw
_ASKS: Final = (0.54, 0.70)
_FRIENDS: Final = 0.62
_LIGHTS: Final = 0.74
_REACTS: Final = 0.02  # the median of a herd's reactions, of which none comes after _LATEST
_LATEST: Final = 0.06


class Going(Struct, frozen=True):
    """A person who plays occurrence `number` of a game. `behaviour`: once, twice (two taps) or looks (and then looks at
    the wallet)."""

    person: int
    tagged: bool
    at_ns: int
    game: str
    number: int
    app: str
    behaviour: str
    host: int = 0
    """The person who brought them."""


class Closing(Struct, frozen=True):
    """A service that closes a side's pool and draws its koi."""

    service: int
    tagged: bool
    at_ns: int
    pool_fen: int


class Evening(Struct, frozen=True):
    """Both sorted by time."""

    goings: tuple[Going, ...]
    closings: tuple[Closing, ...]


def plan_evening(seed: int, everybody: Sequence[tuple[int, bool]], duration_s: float) -> Evening:
    """The evening of `seed` for these people, each with their side; moments count from the night's beginning."""
    random = Random(f"{seed}/evening")
    goings = [
        *_draws(random, everybody, duration_s),
        *_herd(random, everybody, "rain", _SHOWER, duration_s),
        *_herd(random, everybody, "fireworks", _LIGHTS, duration_s),
        *_shares(random, everybody, duration_s),
    ]
    for tagged in (False, True):
        goings += _friends(random, [person for person in everybody if person[1] == tagged], duration_s)
    return Evening(
        tuple(sorted(goings, key=lambda going: going.at_ns)), tuple(_closings(random, everybody, duration_s))
    )


def _draws(random: Random, everybody: Sequence[tuple[int, bool]], duration_s: float) -> Iterator[Going]:
    """Day after day, everybody at a moment of their own."""
    day_s = (_DRAWS[1] - _DRAWS[0]) * duration_s / DRAWS
    for day in range(DRAWS):
        begins_s = _DRAWS[0] * duration_s + day * day_s
        for who in everybody:
            yield _going(random, who, begins_s + random.uniform(0, day_s), "cards", day + 1)


def _herd(
    random: Random, everybody: Sequence[tuple[int, bool]], game: str, at: float, duration_s: float
) -> Iterator[Going]:
    """Everybody at once, at a moment of the night."""
    reactions_ns = schedules.herd(len(everybody), _REACTS * duration_s, 0.5, _LATEST * duration_s, random)
    for who, reaction_ns in zip(random.sample(everybody, len(everybody)), reactions_ns, strict=True):
        yield _going(random, who, at * duration_s + reaction_ns / SECOND_NS, game, 1)


def _friends(random: Random, people: Sequence[tuple[int, bool]], duration_s: float) -> Iterator[Going]:
    """In groups, each brought by its first."""
    for place, who in enumerate(people):
        host = people[place - place % GROUP][0]
        if who[0] != host:
            at_s = (_FRIENDS + random.uniform(0, _LATEST)) * duration_s
            yield _going(random, who, at_s, "friends", 1, host)


def _shares(random: Random, everybody: Sequence[tuple[int, bool]], duration_s: float) -> Iterator[Going]:
    for who in everybody:
        if random.random() < ASKS:
            yield _going(random, who, random.uniform(*_ASKS) * duration_s, "split", 1)


def _going(random: Random, who: tuple[int, bool], at_s: float, game: str, number: int, host: int = 0) -> Going:
    person, tagged = who
    behaviour = random.choices(("once", "looks", "twice"), (0.6, 0.3, 0.1))[0]
    return Going(person, tagged, int(at_s * SECOND_NS), game, number, random.choice(tuple(APPS)), behaviour, host)


def _closings(random: Random, everybody: Sequence[tuple[int, bool]], duration_s: float) -> Iterator[Closing]:
    """Two services a side, within a few milliseconds."""
    for tagged in sorted({tagged for _, tagged in everybody}):
        people = sum(side == tagged for _, side in everybody)
        for service in (1, 2):
            at_ns = int((_CLOSES * duration_s + random.uniform(0, 0.005)) * SECOND_NS)
            number = TAGGED_FROM + service if tagged else service
            yield Closing(number, tagged, at_ns, POOL_FEN_EACH * people)
