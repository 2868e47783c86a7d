"""Tables of a few people, planned: who sends a packet to their table when, and how the others come to it. Pure: a
seed, a plan. Groups, packets and visits are those of `night.py`; what a packet's code is, its sender learns from the
target.
"""

from collections.abc import Iterator
from random import Random
from typing import Final

from harness.swarm.schedules import herd
from scenarios.night import DAY_MS, SECOND_NS, TAGGED_FROM, Group, Night, Packet, Reading, Visit, visit

SEATS: Final = (3, 10)
"""The fewest and the most people at a table."""
_SENDING_ENDS: Final = 0.55  # of the night
_MEDIAN: Final = 0.05  # of people's reactions, as a share of the night
_LATEST: Final = 0.20
_READING_BEGINS: Final = 0.85


def plan_tables(seed: int, people: int, duration_s: float, tagged: float) -> Night:
    """The night of `seed`: everybody at a table, one packet a table; about a share `tagged` of the tables is tagged."""
    groups, first = [], 1
    for number, size in enumerate(_sizes(Random(f"{seed}/tables"), people)):
        random = Random(f"{seed}/table/{number}")
        is_tagged = random.random() < tagged
        seats = range(first, first + size)
        groups.append(_table(random, number, is_tagged, [n + TAGGED_FROM * is_tagged for n in seats], duration_s))
        first += size
    return Night(tuple(groups))


def _sizes(random: Random, people: int) -> Iterator[int]:
    """How many sit at each table; who would be left over joins the last one."""
    while people > 0:
        size = random.randint(*SEATS)
        size = people if people - size < SEATS[0] else size
        yield size
        people -= size


def _table(random: Random, number: int, tagged: bool, people: list[int], duration_s: float) -> Group:
    packet = _packet(random, number, people, duration_s)
    visits = _visits(random, packet, people, duration_s)
    readings = [Reading(each.person, _moment_ns(random.uniform(_READING_BEGINS, 1.0), duration_s)) for each in visits]
    funds = {packet.sender: packet.total_fen}
    in_order = sorted(readings, key=lambda reading: reading.at_ns)
    return Group(number, tagged, tuple(people), funds, (packet,), visits, tuple(in_order))


def _packet(random: Random, number: int, people: list[int], duration_s: float) -> Packet:
    """A share for most at the table; now and then it lives for seconds only."""
    expiring = random.random() < 0.2
    shares = max(1, len(people) - random.randint(0, 2))
    kind = random.choice(("lucky", "equal"))
    return Packet(
        number,
        people[0],
        kind,
        shares * random.randint(1, 2_000),
        shares,
        random.choice(("south", "north")),
        int(duration_s * 0.25 * 1000) if expiring else DAY_MS,
        _moment_ns(random.uniform(0.02, _SENDING_ENDS), duration_s),
        "expiring" if expiring else "plain",
    )


def _visits(random: Random, packet: Packet, people: list[int], duration_s: float) -> tuple[Visit, ...]:
    """Everybody at the table, the sender too, types the code a moment after it was said."""
    reactions_ns = herd(len(people), _MEDIAN * duration_s, 0.5, _LATEST * duration_s, random)
    visits = [
        visit(random, packet, person, reaction_ns, duration_s)
        for person, reaction_ns in zip(people, reactions_ns, strict=True)
    ]
    return tuple(sorted(visits, key=lambda each: each.at_ns))


def _moment_ns(share: float, duration_s: float) -> int:
    return int(share * duration_s * SECOND_NS)
