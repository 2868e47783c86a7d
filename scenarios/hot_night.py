"""One packet that everybody wants, planned: who sends it, who comes when and how they behave. Pure: a seed, a plan.

Its people are one group, or two where some of them are tagged: each side has a hot packet of its own. Before it, each
side sees an appetizer, a small packet with more shares than those who want it: what nobody opens has to come back.
"""

from collections.abc import Sequence
from random import Random
from typing import Final

from harness.swarm.schedules import herd
from scenarios.night import DAY_MS, SECOND_NS, SHARE_FEN_MAX, TAGGED_FROM, Group, Night, Packet, Visit, visit

HOT: Final = "hot"
APPETIZER: Final = "expiring"
SHARES_MAX: Final = 1000  # as many as a packet may have

# moments, as shares of the night
_APPETIZER_AT: Final = 0.01
_APPETIZER_LIVES: Final = 0.12
_HOT_AT: Final = 0.05
_HERD_AT: Final = 0.20  # the moment that everybody waits for
_MEDIAN: Final = 0.075  # of people's reactions to it
_LATEST: Final = 0.50

_EARLY_BIRDS: Final = 8


def plan_hot_night(seed: int, people: int, duration_s: float, tagged: float) -> Night:
    """The night of `seed`: `people`, a share `tagged` of them tagged, and one hot packet a side."""
    tagged_people = min(people, max(round(tagged * people), tagged > 0))
    sides = [(False, people - tagged_people, 1), (True, tagged_people, TAGGED_FROM + 1)]
    return Night(
        tuple(
            _side(Random(f"{seed}/hot/{is_tagged}"), number, is_tagged, range(first, first + count), duration_s)
            for number, (is_tagged, count, first) in enumerate(sides)
            if count
        )
    )


def _side(random: Random, number: int, tagged: bool, people: range, duration_s: float) -> Group:
    birds = random.sample(people, min(_EARLY_BIRDS, len(people)))
    sender, region = people[0], random.choice(("south", "north"))
    appetizer = _appetizer(random, 2 * number, sender, len(birds), region, duration_s)
    hot = _hot(random, 2 * number + 1, sender, len(people), region, duration_s)
    visits = _visits(random, appetizer, birds, 0.0, duration_s)
    visits += _visits(random, hot, people, _HERD_AT - _HOT_AT, duration_s)
    return Group(
        number,
        tagged,
        tuple(people),
        {sender: appetizer.total_fen + hot.total_fen},
        (appetizer, hot),
        tuple(sorted(visits, key=lambda visit: visit.at_ns)),
        (),
    )


def _appetizer(random: Random, number: int, sender: int, crowd: int, region: str, duration_s: float) -> Packet:
    shares = crowd + random.randint(2, 10)
    lives_ms = int(_APPETIZER_LIVES * duration_s * 1000)
    at_ns = int(_APPETIZER_AT * duration_s * SECOND_NS)
    return Packet(number, sender, "equal", shares * random.randint(1, 500), shares, region, lives_ms, at_ns, APPETIZER)


def _hot(random: Random, number: int, sender: int, crowd: int, region: str, duration_s: float) -> Packet:
    """A fifth of those who come are lucky, as far as a packet has shares."""
    shares = min(SHARES_MAX, max(1, crowd // 5))
    total_fen = shares * random.randint(1, SHARE_FEN_MAX // 2)
    at_ns = int(_HOT_AT * duration_s * SECOND_NS)
    return Packet(number, sender, "lucky", total_fen, shares, region, DAY_MS, at_ns, HOT)


def _visits(random: Random, packet: Packet, people: Sequence[int], after: float, duration_s: float) -> list[Visit]:
    """Everybody once, in no order: a herd that reacts to a moment `after` the packet is sent."""
    reactions_ns = herd(len(people), _MEDIAN * duration_s, 0.5, _LATEST * duration_s, random)
    after_ns = int(after * duration_s * SECOND_NS)
    comers = random.sample(people, len(people))
    return [
        visit(random, packet, person, after_ns + reaction_ns, duration_s)
        for person, reaction_ns in zip(comers, reactions_ns, strict=True)
    ]
