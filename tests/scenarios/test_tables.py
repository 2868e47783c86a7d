"""The plan of tables: everybody sits at one, each has a packet, and all at it come to that packet once."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scenarios.night import SECOND_NS, SHARE_FEN_MAX, TAGGED_FROM, Night
from scenarios.tables import SEATS, plan_tables

NIGHTS = st.builds(
    plan_tables,
    seed=st.integers(0, 2**31),
    people=st.integers(1, 400),
    duration_s=st.just(10.0),
    tagged=st.sampled_from([0.0, 0.3, 1.0]),
)


@settings(deadline=None)
@given(NIGHTS)
def test_everybody_sits_at_a_table_and_comes_once(night: Night) -> None:
    """Tables of a few people; one packet each, sent by one of them; every seat visits it and looks once at the end."""
    everybody = [person for group in night.groups for person in group.people]
    assert len(set(everybody)) == len(everybody)
    for group in night.groups:
        (packet,) = group.packets
        assert len(group.people) >= SEATS[0] or len(night.groups) == 1
        assert packet.sender in group.people and group.funds == {packet.sender: packet.total_fen}
        assert sorted(visit.person for visit in group.visits) == list(group.people)
        assert sorted(reading.person for reading in group.readings) == list(group.people)
        assert all((person > TAGGED_FROM) == group.tagged for person in group.people)


@settings(deadline=None)
@given(NIGHTS)
def test_money_and_moments_are_valid(night: Night) -> None:
    """What the shares can divide, sent before anybody comes, and all over by the end."""
    for group in night.groups:
        (packet,) = group.packets
        assert packet.shares <= packet.total_fen <= SHARE_FEN_MAX * packet.shares
        assert packet.kind == "lucky" or packet.total_fen % packet.shares == 0
        assert all(packet.at_ns <= visit.at_ns <= 10 * SECOND_NS for visit in group.visits)
        assert list(group.visits) == sorted(group.visits, key=lambda visit: visit.at_ns)


def test_the_same_seed_is_the_same_night() -> None:
    """A plan is a function of its seed; another seed is another night, and about the share asked for is tagged."""
    night = plan_tables(7, 2_000, 10.0, 0.3)
    assert night == plan_tables(7, 2_000, 10.0, 0.3) != plan_tables(8, 2_000, 10.0, 0.3)
    assert sum(len(group.people) for group in night.groups) == 2_000
    assert sum(group.tagged for group in night.groups) == pytest.approx(0.3 * len(night.groups), rel=0.25)
