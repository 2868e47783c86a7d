"""The plan of the rain: everybody stands in every shower once, and a shower's peak is far above what is credited."""

from collections import Counter
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.planning import plan_night
from reference_impl.domain.acts import APPS
from scenarios import catalogue
from scenarios.night import SECOND_NS, TAGGED_FROM
from scenarios.rain import BEHAVIOUR, CAP_FEN, PEOPLE_PER_S, SCENES, Rain, crediting_per_s, plan_rain, sets

DURATION_S = 20.0
RAINS = st.builds(
    plan_rain,
    seed=st.integers(0, 2**31),
    people=st.integers(1, 120),
    rounds=st.integers(1, 5),
    duration_s=st.just(DURATION_S),
    tagged=st.sampled_from([0.0, 0.3, 1.0]),
)


@settings(deadline=None)
@given(RAINS)
def test_everybody_stands_in_every_shower_once(rain: Rain) -> None:
    """A person gets one award a shower; showers come one after the other; at last everybody looks once more."""
    everybody = {reading.person for reading in rain.readings}
    assert len(everybody) == len(rain.readings)
    rounds = {catch.round for catch in rain.catches}
    assert Counter((catch.person, catch.round) for catch in rain.catches) == Counter(
        (person, at) for person in everybody for at in rounds
    )
    by_round = [[catch.at_ns for catch in rain.catches if catch.round == at] for at in sorted(rounds)]
    assert all(max(before) < min(after) for before, after in pairwise(by_round))
    assert max(by_round[-1]) < min(reading.at_ns for reading in rain.readings)


@settings(deadline=None)
@given(RAINS)
def test_what_is_planned_is_valid(rain: Rain) -> None:
    """Sorted moments within the night, amounts below the cap, known scenes, apps and behaviours, sides apart."""
    for planned in (rain.catches, rain.readings):
        moments = [one.at_ns for one in planned]
        assert moments == sorted(moments) and moments[0] >= 0 and moments[-1] <= DURATION_S * SECOND_NS
        assert all((one.person > TAGGED_FROM) == one.tagged for one in planned)
    for catch in rain.catches:
        assert 1 <= catch.amount_fen <= CAP_FEN
        assert catch.scene in SCENES and catch.app in APPS and catch.behaviour in BEHAVIOUR


def test_the_same_seed_is_the_same_rain() -> None:
    """A plan is a function of its seed; all apps and behaviours are there, and about the share asked for is tagged."""
    rain = plan_rain(7, 400, 3, DURATION_S, 0.3)
    assert rain == plan_rain(7, 400, 3, DURATION_S, 0.3) != plan_rain(8, 400, 3, DURATION_S, 0.3)
    assert {catch.app for catch in rain.catches} == set(APPS)
    assert {catch.behaviour for catch in rain.catches} == set(BEHAVIOUR)
    assert sum(reading.tagged for reading in rain.readings) == 120


@pytest.mark.parametrize(("people", "rounds", "duration_s"), [(60, 3, 10.0), (1_000, 2, 30.0), (5_000, 2, 120.0)])
def test_b08_a_shower_is_six_times_faster_than_crediting(people: int, rounds: int, duration_s: float) -> None:
    """The busiest second of the plan has at least six times the awards that are credited in one, until all is over."""
    rain = plan_rain(5, people, rounds, duration_s, 0.1)
    busiest = max(Counter(catch.at_ns // SECOND_NS for catch in rain.catches).values())
    speed = crediting_per_s(people, rounds, duration_s)
    assert busiest >= 6 * speed
    first, last = sets(people, rounds, duration_s)
    assert first == f"set=award_credit_per_s:{speed}@0" and last.startswith("set=award_credit_per_s:0@")
    assert max(catch.at_ns for catch in rain.catches) / SECOND_NS <= float(last.partition("@")[2])


def test_a_rain_is_as_long_as_two_cores_need() -> None:
    """Unless somebody says how long, a rain takes twice as long as a night of packets with as many people."""
    rain, night = (catalogue()[name] for name in ("rain_peak", "group_grab"))
    asked: dict[str, Any] = {"people": 1_200, "argv": []}
    assert plan_night(rain, rain.target, rounds=2, **asked).duration_s == 1_200 * 2 / PEOPLE_PER_S
    assert plan_night(night, night.target, rounds=None, **asked).duration_s == 1_200 / 60
    assert plan_night(rain, rain.target, rounds=2, duration=9.0, **asked).duration_s == 9.0
