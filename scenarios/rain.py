"""Rain, planned: showers of awards, who stands in which, and how they behave. Pure: a seed, a plan.

A person gets one award a shower, in one of the eight apps. How the crediting speed stands to a shower's peak is part of
the plan: `crediting_per_s`.
"""

from collections.abc import Mapping, Sequence
from random import Random
from typing import Final

from msgspec import Struct

from harness.swarm import schedules
from reference_impl.domain.acts import APPS
from scenarios.night import SECOND_NS, TAGGED_FROM, deal

ROUNDS: Final = 3
PEOPLE_PER_S: Final = 45.0
"""In the mean: each asks five things, and a shower's peak is three times the mean."""
TIMES: Final = 16
"""A shower's peak, measured in crediting speeds. What is seen of it must be six at least: some awards are credited
beside the consumer, at once or because somebody takes money out."""
CAP_FEN: Final = 20_000
"""Of one award, in every scene that is played."""
SECOND_FROM: Final = 500_000_000
"""Who has accounts in two apps has the second so many numbers after the first."""

# moments, as shares of the night
_BEGINS: Final = 0.03
_ENDS: Final = 0.85  # of the last interval; what follows is for everybody's last look
_SHOWER: Final = 0.8  # of an interval between two showers
_PEAK: Final = 0.2  # of a shower

# what rains: scene → share. The first two are given by token, the last by order row
SCENES: Final[Mapping[str, float]] = {"rain": 0.70, "video": 0.20, "fireworks": 0.10}

# how a person behaves in a shower
BEHAVIOUR: Final[Mapping[str, float]] = {
    "look": 0.31,  # looks at the wallet once the award is there
    "refresh": 0.22,  # looks all the time: while the award is given, and then again and again
    "impatient": 0.10,  # gives up after milliseconds, and asks again under the same order
    "double_tap": 0.05,  # asks twice at once
    "coupon": 0.07,  # gets a coupon beside the award, and uses it in two apps at once
    "again": 0.04,  # asks once more, and then for another amount
    "greedy": 0.02,  # asks for more than the cap first
    "withdraw": 0.09,  # takes a part out in the middle of it all
    "bind": 0.03,  # has two accounts, and brings the same phone number to both
    "lose_phone": 0.03,  # the client's tokens are gone
    "forge": 0.01,  # presents tokens that nobody gave
    "alter": 0.01,  # presents an own token, changed
    "steal": 0.01,  # presents somebody else's token
    "replay": 0.01,  # presents an own token again and again
}


class Catch(Struct, frozen=True):
    """A person in shower `round` (from 1), who is given an award at `at_ns`. `behaviour`: of BEHAVIOUR."""

    person: int
    tagged: bool
    round: int
    at_ns: int
    scene: str
    amount_fen: int
    app: str
    behaviour: str
    think_s: float
    patience_s: float


class Reading(Struct, frozen=True):
    """A person's look at their wallet at the end of the night."""

    person: int
    tagged: bool
    at_ns: int


class Rain(Struct, frozen=True):
    """The whole night, both sorted by time."""

    catches: tuple[Catch, ...]
    readings: tuple[Reading, ...]


def plan_rain(seed: int, people: int, rounds: int, duration_s: float, tagged: float) -> Rain:
    """The rain of `seed`: everybody stands in each of `rounds` showers; a share `tagged` of them is tagged."""
    random = Random(f"{seed}/rain")
    everybody = _people(people, tagged)
    moments_ns = _moments(random, people, rounds, duration_s)
    behaviours = deal(random, len(moments_ns), BEHAVIOUR)
    scenes = deal(random, len(moments_ns), SCENES)
    catches = []
    for at in range(rounds):
        shower = random.sample(everybody, people)
        for n, (person, is_tagged) in enumerate(shower, start=at * people):
            catches.append(
                _catch(random, person, is_tagged, at + 1, moments_ns[n], scenes[n], behaviours[n], duration_s)
            )
    return Rain(tuple(catches), _readings(random, everybody, duration_s))


def crediting_per_s(people: int, rounds: int, duration_s: float) -> int:
    """How many awards a second are credited meanwhile: so few that a shower's peak is TIMES as high."""
    peak_per_s = 2 * people / (_SHOWER * _interval_s(rounds, duration_s))
    return max(1, int(peak_per_s / TIMES))


def sets(people: int, rounds: int, duration_s: float) -> tuple[str, ...]:
    """What operators set: crediting goes at its own speed until the last shower is over, and then as fast as it can."""
    speed = crediting_per_s(people, rounds, duration_s)
    return f"set=award_credit_per_s:{speed}@0", f"set=award_credit_per_s:0@{_ENDS * duration_s:.1f}"


def phone_of(act: int) -> str:
    """The phone number of a person, by the act_id of their first account; nobody else's."""
    return str(act)


def _interval_s(rounds: int, duration_s: float) -> float:
    return (_ENDS - _BEGINS) * duration_s / rounds


def _people(people: int, tagged: float) -> list[tuple[int, bool]]:
    """Numbers from 1, of each side from its own beginning."""
    tagged_people = min(people, max(round(tagged * people), tagged > 0))
    untagged = [(n, False) for n in range(1, people - tagged_people + 1)]
    return [*untagged, *((TAGGED_FROM + n, True) for n in range(1, tagged_people + 1))]


def _moments(random: Random, people: int, rounds: int, duration_s: float) -> Sequence[int]:
    """Shower after shower, `people` moments each."""
    interval_s, begins_ns = _interval_s(rounds, duration_s), int(_BEGINS * duration_s * SECOND_NS)
    showers = schedules.rain(rounds, people, interval_s, _SHOWER * interval_s, random, _PEAK)
    return [begins_ns + at_ns for at_ns in showers]


def _catch(
    random: Random, person: int, tagged: bool, round_: int, at_ns: int, scene: str, behaviour: str, duration_s: float
) -> Catch:
    beat_s = min(1.0, duration_s / 20)
    return Catch(
        person,
        tagged,
        round_,
        at_ns,
        scene,
        _amount_fen(random),
        random.choice(tuple(APPS)),
        behaviour,
        random.uniform(0.1, 0.8) * beat_s,
        random.choice((0.001, 0.003, 0.01, 0.05)),
    )


def _amount_fen(random: Random) -> int:
    """Mostly a few yuan, now and then the very ends."""
    drawn = random.random()
    if drawn < 0.02:
        return 1
    if drawn < 0.03:
        return CAP_FEN
    return min(CAP_FEN, max(1, round(random.lognormvariate(5.0, 1.0))))


def _readings(random: Random, everybody: Sequence[tuple[int, bool]], duration_s: float) -> tuple[Reading, ...]:
    """Everybody looks once more, after the last shower."""
    readings = [
        Reading(person, tagged, int(random.uniform(_ENDS, 1.0) * duration_s * SECOND_NS))
        for person, tagged in everybody
    ]
    return tuple(sorted(readings, key=lambda reading: reading.at_ns))
