"""The plan of a night: everything from one seed, valid money, all the habits, the promised amount of work."""

from collections import Counter
from itertools import chain

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.swarm.schedules import FESTIVAL_EVE
from scenarios.night import BEHAVIOUR, SENDING, SHARE_FEN_MAX, TAGGED_FROM, Group, Night, Packet, Visit, plan_night

NIGHTS = st.builds(
    plan_night,
    seed=st.integers(0, 2**31),
    people=st.integers(1, 800),
    packets=st.integers(1, 80),
    duration_s=st.floats(1.0, 60.0),
    tagged=st.sampled_from([0.0, 0.2, 0.5, 1.0]),
)


def packets_of(night: Night) -> list[Packet]:
    return list(chain.from_iterable(group.packets for group in night.groups))


def visits_of(night: Night) -> list[Visit]:
    return list(chain.from_iterable(group.visits for group in night.groups))


def operations_of(night: Night) -> int:
    """How many operations the night is when every attempt is answered at once."""
    packets = {packet.number: packet for packet in packets_of(night)}
    opened: Counter[int] = Counter()
    openers = set()
    count = sum(len(group.funds) for group in night.groups) + 2 * len(packets)
    for visit in sorted(visits_of(night), key=lambda visit: visit.at_ns):
        count += 1
        if visit.behaviour not in ("look", "too_early") and opened[visit.packet] < packets[visit.packet].shares:
            count += 2 if visit.behaviour in ("double_tap", "two_intents", "again") else 1
            opened[visit.packet] += 1
            openers.add(visit.person)
    return count + 2 * len(openers)


@settings(deadline=None)
@given(NIGHTS)
def test_every_packet_is_valid_money(night: Night) -> None:
    """1 to 100 shares of 1 fen to 200 yuan; equal packets divide; each is sent by somebody of its group."""
    for group in night.groups:
        for packet in group.packets:
            assert 1 <= packet.shares <= 100
            assert packet.shares <= packet.total_fen <= SHARE_FEN_MAX * packet.shares
            assert packet.kind == "lucky" or packet.total_fen % packet.shares == 0
            assert packet.sender in group.people
            assert packet.expires_in_ms >= 1


@settings(deadline=None)
@given(NIGHTS)
def test_senders_are_funded_exactly(night: Night) -> None:
    """Whoever sends has what they send, but for those who are meant to be short of it."""
    for group in night.groups:
        needed: Counter[int] = Counter()
        for packet in group.packets:
            if packet.sending != "penniless":
                needed[packet.sender] += packet.total_fen
        assert dict(needed) == group.funds


@settings(deadline=None)
@given(seed=st.integers(0, 2**31), people=st.integers(1, 3000), packets=st.integers(1, 50), tagged=st.floats(0.0, 1.0))
def test_everybody_is_in_one_group(seed: int, people: int, packets: int, tagged: float) -> None:
    """Groups of 3 to 500 hold all people, each once; nobody's id is on both sides of the tag; all packets are there."""
    night = plan_night(seed, people, packets, 10.0, tagged)
    everybody = [person for group in night.groups for person in group.people]
    assert len(everybody) == len(set(everybody)) == people
    assert all(3 <= len(group.people) <= 500 for group in night.groups) or people < 3
    assert all((person > TAGGED_FROM) == group.tagged for group in night.groups for person in group.people)
    assert sorted(packet.number for packet in packets_of(night)) == list(range(packets))


@settings(deadline=None)
@given(NIGHTS)
def test_people_come_after_the_packet_and_once(night: Night) -> None:
    """A visit follows the sending, by somebody of the group, at most once a packet; readings follow all visits."""
    for group in night.groups:
        packets = {packet.number: packet for packet in group.packets}
        assert all(visit.at_ns > packets[visit.packet].at_ns for visit in group.visits)
        assert all(visit.person in group.people for visit in group.visits)
        pairs = [(visit.packet, visit.person) for visit in group.visits]
        assert len(pairs) == len(set(pairs))
        last_ns = max((visit.at_ns for visit in group.visits), default=0)
        assert all(reading.at_ns > last_ns for reading in group.readings)


@settings(deadline=None)
@given(seed=st.integers(0, 2**31), duration_s=st.floats(1.0, 60.0))
def test_the_night_ends_in_time(seed: int, duration_s: float) -> None:
    """Everybody has come by the end, and the last have read what they have a little later."""
    night = plan_night(seed, 300, 30, duration_s, 0.0)
    assert all(visit.at_ns <= duration_s * 1e9 for visit in visits_of(night))
    assert all(reading.at_ns <= 1.2 * duration_s * 1e9 for group in night.groups for reading in group.readings)


@given(seed=st.integers(0, 2**31))
@settings(deadline=None, max_examples=20)
def test_same_seed_same_night(seed: int) -> None:
    """A night is a function of its arguments, and another seed is another night."""
    night = plan_night(seed, 200, 20, 10.0, 0.5)
    assert night == plan_night(seed, 200, 20, 10.0, 0.5)
    assert night != plan_night(seed + 1, 200, 20, 10.0, 0.5)


def untagged(group: Group) -> object:
    """What a group does, with its people counted from 0."""
    first = group.people[0]
    return (
        [(packet.sender - first, packet.total_fen, packet.at_ns) for packet in group.packets],
        [(visit.person - first, visit.at_ns, visit.behaviour) for visit in group.visits],
    )


def test_the_tag_changes_nothing_but_the_side() -> None:
    """The same night with half of the people tagged: the same people do the same."""
    plain, tagged = (plan_night(7, 600, 60, 30.0, share) for share in (0.0, 0.5))
    assert [untagged(group) for group in plain.groups] == [untagged(group) for group in tagged.groups]
    assert not any(group.tagged for group in plain.groups)


@pytest.mark.parametrize("share", [0.1, 0.5, 1.0])
def test_the_share_of_tagged_people_is_kept(share: float) -> None:
    """Whole groups, together about the share that was asked for."""
    night = plan_night(7, 5000, 300, 30.0, share)
    tagged = sum(len(group.people) for group in night.groups if group.tagged)
    assert tagged / 5000 == pytest.approx(share, abs=0.02)


@pytest.mark.parametrize("seed", range(1, 11))
def test_every_habit_occurs(seed: int) -> None:
    """The night that `make run` plays has every way of sending and of behaving, and senders who come themselves."""
    night = plan_night(seed, 600, 60, 20.0, 0.0)
    packets = {packet.number: packet for packet in packets_of(night)}
    assert {packet.sending for packet in packets.values()} == set(SENDING)
    habits = {visit.behaviour for visit in visits_of(night)}
    assert habits == set(BEHAVIOUR) | {"at_expiry", "after_expiry", "too_early"}
    assert any(packets[visit.packet].sender == visit.person for visit in visits_of(night))


def test_group_sizes_have_a_heavy_tail() -> None:
    """Most groups are small; some are hundreds."""
    sizes = sorted(len(group.people) for group in plan_night(7, 5000, 300, 30.0, 0.0).groups)
    assert sizes[len(sizes) // 2] <= 10
    assert sizes[-1] >= 200


@pytest.mark.parametrize("seed", range(1, 21))
def test_the_big_night_is_big_enough(seed: int) -> None:
    """5,000 people and 300 packets are at least 20,000 operations, before any of them is tried again."""
    assert operations_of(plan_night(seed, 5000, 300, 20.0, 0.0)) >= 20_000


@pytest.mark.parametrize("seed", range(1, 21))
def test_the_small_night_is_small_enough(seed: int) -> None:
    """600 people and 60 packets stay well under 8,000 operations."""
    assert operations_of(plan_night(seed, 600, 60, 20.0, 0.0)) < 5_000


def test_midnight_follows_its_day() -> None:
    """With the festival's hours twice as much is sent around midnight as evenly; the people are the same either way."""
    even, day = (plan_night(7, 3000, 900, 48.0, 0.0, *curve) for curve in ((), (FESTIVAL_EVE,)))
    assert [group.people for group in even.groups] == [group.people for group in day.groups]
    hours = Counter(int((packet.at_ns / 1e9 - 0.96) / 2) for packet in packets_of(day) if packet.sending != "expiring")
    ordinary = sum(hours.values())
    assert max(hours, key=lambda hour: hours[hour]) == 12
    before_four = sum(FESTIVAL_EVE[:16])
    for hour in range(16):
        assert hours[hour] / ordinary == pytest.approx(FESTIVAL_EVE[hour] / before_four, abs=0.05)
    assert all(packet.at_ns <= 24 * 10**9 for packet in packets_of(day) if packet.sending == "expiring")
