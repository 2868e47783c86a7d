"""The night, planned: who is in which group, who sends what when, who comes and how they behave. Pure: a seed, a plan.

Nothing here knows HTTP or time: moments are nanoseconds after the start. What cannot be planned (the packet's id, the
moment it expires) the scripts learn from the target. A group's story is the same whether its people are tagged or not.
"""

from collections.abc import Mapping, Sequence
from math import exp, log
from random import Random
from typing import Final

from msgspec import Struct

from harness.swarm.schedules import curve_moment, herd

SECOND_NS: Final = 1_000_000_000
TAGGED_FROM: Final = 1_000_000_000  # ids of tagged people begin here: nobody is ever on both sides
GROUP_MIN: Final = 3
GROUP_MAX: Final = 500
SHARES_MAX: Final = 100
SHARE_FEN_MAX: Final = 20_000
DAY_MS: Final = 86_400_000

_VISITS_PER_PERSON: Final = 2.4  # people come to a packet about twice a night
EVEN: Final = (1.0,)  # a curve: no hour has more than another
_SENDING_BEGINS: Final = 0.02
_SENDING_ENDS: Final = 0.70  # of the duration; what follows is for the last herds and late comers
_EXPIRING_ENDS: Final = 0.50
_BEAT_S: Final = 20.0  # a night shorter than this has quicker people

# how a packet is sent
SENDING: Final[Mapping[str, float]] = {
    "expiring": 0.12,  # lives for seconds; some open at the very moment it dies
    "sent_twice": 0.08,  # the same send, twice at once, under one key
    "impatient": 0.08,  # gives up on send and pay after milliseconds, and tries again under the same key
    "penniless": 0.03,  # pays what the sender has not got
    "plain": 0.69,
}

# how a person behaves who comes to a packet
BEHAVIOUR: Final[Mapping[str, float]] = {
    "grab_and_open": 0.63,
    "double_tap": 0.07,  # taps open twice at once: one intent, one key
    "two_intents": 0.04,  # taps open twice at once under two keys
    "impatient": 0.06,  # gives up after milliseconds and tries again under the same key
    "again": 0.03,  # opens once more under another key
    "straight": 0.03,  # opens without grabbing
    "look": 0.07,  # reads the details only
    "late": 0.07,  # comes when the herd has gone
}


class Packet(Struct, frozen=True):
    """A red packet that somebody will send at `at_ns`. `sending` is a key of SENDING."""

    number: int
    sender: int
    kind: str
    total_fen: int
    shares: int
    region: str
    expires_in_ms: int
    at_ns: int
    sending: str


class Visit(Struct, frozen=True):
    """A person who comes to a packet at `at_ns`. `behaviour`: of BEHAVIOUR, or at_expiry, after_expiry, too_early.

    `think_s` lies between grabbing and opening, `patience_s` is how long the impatient wait for an answer;
    `off_expiry_ns` is how far from the packet's last moment those aim who come at_expiry.
    """

    packet: int
    person: int
    at_ns: int
    behaviour: str
    think_s: float
    patience_s: float
    off_expiry_ns: int


class Reading(Struct, frozen=True):
    """A person's look at their balance at the end of the night."""

    person: int
    at_ns: int


class Group(Struct, frozen=True):
    """People who see each other's packets. `funds`: sender → fen they need; all sorted by time."""

    number: int
    tagged: bool
    people: tuple[int, ...]
    funds: dict[int, int]
    packets: tuple[Packet, ...]
    visits: tuple[Visit, ...]
    readings: tuple[Reading, ...]


class Night(Struct, frozen=True):
    """All groups of a night."""

    groups: tuple[Group, ...]


class _Share(Struct, frozen=True):
    """A group's part of the whole: how many people, and for each of its packets how many come and how it is sent."""

    size: int
    crowds: tuple[int, ...]
    sendings: tuple[str, ...]


def plan_night(
    seed: int, people: int, packets: int, duration_s: float, tagged: float, curve: Sequence[float] = EVEN
) -> Night:
    """The night of `seed`: `people` in groups, `packets` sent within `duration_s`, a share `tagged` of them tagged.

    `curve` says how many packets are sent in each equal part of the time, relative to each other. The last parts are
    for those who come late: nothing is sent then.
    """
    shares = _shares(Random(f"{seed}/shares"), people, packets)
    tags = _tags(Random(f"{seed}/tags"), [share.size for share in shares], tagged)
    groups, first_person, first_packet = [], 1, 0
    for number, (share, tag) in enumerate(zip(shares, tags, strict=True)):
        random = Random(f"{seed}/group/{number}")
        base = first_person + (TAGGED_FROM if tag else 0)
        people_here = range(base, base + share.size)
        groups.append(_group(random, number, tag, people_here, share, first_packet, duration_s, curve))
        first_person += share.size
        first_packet += len(share.crowds)
    return Night(tuple(groups))


def _shares(random: Random, people: int, packets: int) -> list[_Share]:
    sizes = group_sizes(random, people)
    owners = random.choices(range(len(sizes)), [size**0.5 for size in sizes], k=packets)
    crowds = _crowds(random, [sizes[owner] for owner in owners], _VISITS_PER_PERSON * people)
    sendings = deal(random, packets, SENDING)
    return [
        _Share(
            size,
            tuple(crowds[n] for n in range(packets) if owners[n] == number),
            tuple(sendings[n] for n in range(packets) if owners[n] == number),
        )
        for number, size in enumerate(sizes)
    ]


def group_sizes(random: Random, people: int) -> list[int]:
    """Sizes from 3 to 500 with a heavy tail that sum to `people`; fewer people than three are one group."""
    sizes = []
    left = people
    while left > 0:
        size = min(GROUP_MAX, int(GROUP_MIN * random.paretovariate(0.8)))
        if left - size < GROUP_MIN:  # whoever would be left over joins this group, or goes with two of it
            size = left if left <= GROUP_MAX else left - GROUP_MIN
        sizes.append(size)
        left -= size
    return sizes


def _crowds(random: Random, sizes: list[int], visits: float) -> list[int]:
    """How many of a packet's group come to it: about `visits` in sum, some packets far more popular than others."""
    weights = [size * random.lognormvariate(0.0, 0.7) for size in sizes]
    scale = visits / max(1.0, sum(weights))
    for _ in range(20):  # whole groups cannot come twice: what they leave over goes to the others
        here = sum(min(size, weight * scale) for size, weight in zip(sizes, weights, strict=True))
        scale *= visits / max(1.0, here)
    return [min(size, max(GROUP_MIN, round(weight * scale))) for size, weight in zip(sizes, weights, strict=True)]


def deal(random: Random, count: int, shares: Mapping[str, float]) -> list[str]:
    """`count` names in random order, each by its share, and each at least once where there is room for all."""
    least = 1 if count >= 2 * len(shares) else 0
    names = [name for name, share in shares.items() for _ in range(max(least, round(share * count)))]
    commonest = max(shares, key=lambda name: shares[name])
    while len(names) > count:
        names.remove(commonest if commonest in names else names[-1])
    names += [commonest] * (count - len(names))
    random.shuffle(names)
    return names


def _tags(random: Random, sizes: list[int], tagged: float) -> list[bool]:
    """Which groups are pressure traffic: whole groups, together about the share `tagged` of all people."""
    wanted = round(tagged * sum(sizes))
    tags = [False] * len(sizes)
    for number in random.sample(range(len(sizes)), len(sizes)):
        if sizes[number] <= wanted:
            tags[number] = True
            wanted -= sizes[number]
    if tagged > 0 and not any(tags):
        tags[sizes.index(min(sizes))] = True
    return tags


def _group(
    random: Random,
    number: int,
    tagged: bool,
    people: range,
    share: _Share,
    first_packet: int,
    duration_s: float,
    curve: Sequence[float],
) -> Group:
    region = random.choice(("south", "north"))
    packets: list[Packet] = []
    visits: list[Visit] = []
    funds: dict[int, int] = {}
    for n, (crowd, sending) in enumerate(zip(share.crowds, share.sendings, strict=True)):
        sender = random.choice(people)
        packet = _packet(random, first_packet + n, sender, crowd, sending, region, duration_s, curve)
        packets.append(packet)
        visits += _visits(random, packet, random.sample(people, crowd), duration_s)
        if sending != "penniless":
            funds[packet.sender] = funds.get(packet.sender, 0) + packet.total_fen
    return Group(
        number,
        tagged,
        tuple(people),
        funds,
        tuple(sorted(packets, key=lambda packet: packet.at_ns)),
        tuple(sorted(visits, key=lambda visit: visit.at_ns)),
        _readings(random, visits, duration_s),
    )


def _packet(
    random: Random,
    number: int,
    sender: int,
    crowd: int,
    sending: str,
    region: str,
    duration_s: float,
    curve: Sequence[float],
) -> Packet:
    expiring = sending == "expiring"
    shares = _share_count(random, crowd, expiring)
    kind = "lucky" if random.random() < 0.75 else "equal"
    ends = _EXPIRING_ENDS if expiring else _SENDING_ENDS
    at_s = duration_s * _sending_at(random, ends, curve)
    lives_s = random.uniform(1.5, 4.0) * _beat(duration_s)
    total_fen = _total_fen(random, shares, kind)
    if sending == "penniless":
        total_fen = max(total_fen, 10_000 * shares)
    return Packet(
        number,
        sender,
        kind,
        total_fen,
        shares,
        region,
        int(lives_s * 1000) if expiring else DAY_MS,
        int(at_s * SECOND_NS),
        sending,
    )


def _sending_at(random: Random, ends: float, curve: Sequence[float]) -> float:
    """When a packet is sent that has to be by `ends`, both as shares of the night."""
    return _SENDING_BEGINS + curve_moment(curve, random.random(), ends - _SENDING_BEGINS)


def _share_count(random: Random, crowd: int, expiring: bool) -> int:
    """Mostly fewer shares than people who come; a packet that is to expire has some left."""
    if expiring:
        return min(SHARES_MAX, crowd + random.randint(2, 20))
    drawn = random.random()
    if drawn < 0.05:
        return 1
    if drawn < 0.20:
        return min(SHARES_MAX, crowd + random.randint(0, 10))
    return min(SHARES_MAX, max(1, round(crowd * random.uniform(0.2, 0.9))))


def _total_fen(random: Random, shares: int, kind: str) -> int:
    """From 1 fen to 200 yuan a share, small ones as likely as large ones, and now and then the very ends."""
    drawn = random.random()
    if drawn < 0.03:
        return shares
    if drawn < 0.06:
        return shares * SHARE_FEN_MAX
    share_fen = exp(random.uniform(0.0, log(SHARE_FEN_MAX)))
    if kind == "equal":
        return shares * max(1, min(SHARE_FEN_MAX, round(share_fen)))
    return max(shares, min(shares * SHARE_FEN_MAX, round(shares * share_fen)))


def _visits(random: Random, packet: Packet, people: list[int], duration_s: float) -> list[Visit]:
    """Who comes to `packet`: a herd that reacts to its being sent, in log-normal times."""
    reactions_ns = herd(len(people), 1.5 * _beat(duration_s), 0.5, 0.25 * duration_s, random)
    return [
        visit(random, packet, person, reaction_ns, duration_s)
        for person, reaction_ns in zip(people, reactions_ns, strict=True)
    ]


def visit(random: Random, packet: Packet, person: int, reaction_ns: int, duration_s: float) -> Visit:
    """How `person` comes to `packet`: `reaction_ns` after it was sent, unless they have habits of their own."""
    beat = _beat(duration_s)
    behaviour = _behaviour(random, packet)
    after_ns = reaction_ns
    if behaviour == "late":
        after_ns += int(random.uniform(2.0, 4.0) * beat * SECOND_NS)
    elif behaviour == "at_expiry":  # there a little before the end, finger on the button
        after_ns = packet.expires_in_ms * 1_000_000 - int(random.uniform(0.2, 0.5) * beat * SECOND_NS)
    elif behaviour == "after_expiry":
        after_ns = packet.expires_in_ms * 1_000_000 + int(random.uniform(0.2, 2.0) * beat * SECOND_NS)
    latest_ns = int(random.uniform(0.95, 1.0) * duration_s * SECOND_NS)
    return Visit(
        packet.number,
        person,
        min(packet.at_ns + after_ns, latest_ns),
        behaviour,
        min(2.0, 0.3 * random.lognormvariate(0.0, 0.5)) * beat,
        random.uniform(0.001, 0.020),
        int(random.gauss(0.0, 15e6)),
    )


def _behaviour(random: Random, packet: Packet) -> str:
    if packet.sending == "penniless":
        return "too_early"
    drawn = random.random()
    if packet.sending == "expiring" and drawn < 0.5:
        return "at_expiry" if drawn < 0.4 else "after_expiry"
    return random.choices(list(BEHAVIOUR), list(BEHAVIOUR.values()))[0]


def _readings(random: Random, visits: list[Visit], duration_s: float) -> tuple[Reading, ...]:
    """Everybody who may have opened something, once, between the group's last visit and the end of the night."""
    last_s = max((visit.at_ns for visit in visits), default=0) / SECOND_NS
    begin_s = last_s + _beat(duration_s)
    end_s = max(duration_s, begin_s + 0.15 * duration_s)
    people = sorted({visit.person for visit in visits if visit.behaviour != "look"})
    readings = [Reading(person, int(random.uniform(begin_s, end_s) * SECOND_NS)) for person in people]
    return tuple(sorted(readings, key=lambda reading: reading.at_ns))


def _beat(duration_s: float) -> float:
    """How quick people are: 1 in a night of twenty seconds or more, less in a shorter one."""
    return min(1.0, duration_s / _BEAT_S)
