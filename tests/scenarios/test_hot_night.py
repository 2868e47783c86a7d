"""The plan of a hot packet: everybody comes to it once, money is valid, something is left to be refunded."""

from collections import Counter
from itertools import chain

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scenarios.hot_night import APPETIZER, HOT, SHARES_MAX, plan_hot_night
from scenarios.night import SECOND_NS, SHARE_FEN_MAX, TAGGED_FROM, Night, Packet

SEEDS = st.integers(0, 2**31)
NIGHTS = st.builds(
    plan_hot_night,
    seed=SEEDS,
    people=st.integers(1, 600),
    duration_s=st.floats(1.0, 60.0),
    tagged=st.sampled_from([0.0, 0.1, 0.5, 1.0]),
)


def packet_of(night: Night, sending: str) -> list[Packet]:
    return [packet for group in night.groups for packet in group.packets if packet.sending == sending]


@settings(deadline=None)
@given(SEEDS, st.integers(1, 600), st.sampled_from([0.0, 0.1, 0.5, 1.0]))
def test_everybody_comes_once_to_the_hot_packet(seed: int, people: int, tagged: float) -> None:
    """One hot packet a side, and all people of that side come to it, each once."""
    night = plan_hot_night(seed, people, 20.0, tagged)
    everybody = [person for group in night.groups for person in group.people]
    assert len(set(everybody)) == len(everybody) == people
    for group in night.groups:
        (hot,) = (packet for packet in group.packets if packet.sending == HOT)
        assert sorted(visit.person for visit in group.visits if visit.packet == hot.number) == list(group.people)
        assert all((person > TAGGED_FROM) == group.tagged for person in group.people)
    tagged_people = sum(len(group.people) for group in night.groups if group.tagged)
    assert tagged_people == pytest.approx(tagged * people, abs=1)
    assert len({packet.number for packet in chain(*(group.packets for group in night.groups))}) == 2 * len(night.groups)


@settings(deadline=None)
@given(NIGHTS)
def test_money_is_valid_and_something_is_left(night: Night) -> None:
    """1 to 1,000 shares of 1 fen to 200 yuan, senders have exactly what they send, an appetizer has shares to spare."""
    for group in night.groups:
        comers = Counter(visit.packet for visit in group.visits)
        for packet in group.packets:
            assert 1 <= packet.shares <= SHARES_MAX
            assert packet.shares <= packet.total_fen <= SHARE_FEN_MAX * packet.shares
            assert packet.kind == "lucky" or packet.total_fen % packet.shares == 0
            assert (packet.sending != APPETIZER) or packet.shares > comers[packet.number]
        assert group.funds == {group.people[0]: sum(packet.total_fen for packet in group.packets)}


@settings(deadline=None)
@given(SEEDS, st.integers(1, 300), st.floats(2.0, 60.0))
def test_it_ends_in_time(seed: int, people: int, duration_s: float) -> None:
    """Packets are there before anybody comes, all have come by the end, what expires does so well before it."""
    night = plan_hot_night(seed, people, duration_s, 0.5)
    for group in night.groups:
        sent_ns = {packet.number: packet.at_ns for packet in group.packets}
        assert all(sent_ns[visit.packet] <= visit.at_ns <= duration_s * SECOND_NS for visit in group.visits)
    for packet in packet_of(night, APPETIZER):
        assert packet.at_ns + packet.expires_in_ms * 10**6 < 0.2 * duration_s * SECOND_NS


def test_a_hundred_thousand_is_a_herd() -> None:
    """100,000 people within twenty seconds: most within two seconds of each other, and the same for the same seed."""
    night = plan_hot_night(7, 100_000, 20.0, 0.0)
    (hot,) = packet_of(night, HOT)
    moments = sorted(visit.at_ns for visit in night.groups[0].visits if visit.packet == hot.number)
    assert len(moments) == 100_000
    assert moments[75_000] - moments[5_000] < 2 * SECOND_NS
    assert plan_hot_night(7, 100_000, 20.0, 0.0) == night
