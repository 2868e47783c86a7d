"""The evening of games: its plan, and a small one end to end."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.planning import plan_night
from harness.progress import Teller
from harness.run import Plan, run
from reference_impl.domain.acts import APPS
from reference_impl.domain.games import GAMES, cards
from scenarios import catalogue
from scenarios.evening import DRAWS, GROUP, POOL_FEN_EACH, plan_evening
from scenarios.night import SECOND_NS, TAGGED_FROM

DURATION_S = 20.0
QUICK = "--slice-s 0.5 --sweep-every-s 0.3 --reconcile-after-s 0.5"
"""Settings of a deployment that is soon done."""
SIDES = st.tuples(st.integers(0, 40), st.integers(0, 40)).filter(any)


def people_of(untagged: int, tagged: int) -> list[tuple[int, bool]]:
    return [*((n + 1, False) for n in range(untagged)), *((TAGGED_FROM + n + 1, True) for n in range(tagged))]


@settings(deadline=None)
@given(seed=st.integers(0, 2**31), sides=SIDES)
def test_what_is_planned_is_valid(seed: int, sides: tuple[int, int]) -> None:
    """Sorted moments within the night; occurrences that there are; a host is of the same side, and somebody else."""
    everybody = people_of(*sides)
    evening = plan_evening(seed, everybody, DURATION_S)
    moments = [going.at_ns for going in evening.goings]
    assert moments == sorted(moments) and moments[0] >= 0 and moments[-1] < DURATION_S * SECOND_NS
    for going in evening.goings:
        assert (going.person, going.tagged) in everybody and going.app in APPS
        assert 1 <= going.number <= GAMES[going.game].most
        assert bool(going.host) == (going.game == "friends")
        assert going.host != going.person and (not going.host or (going.host > TAGGED_FROM) == going.tagged)
    assert {(closing.tagged, closing.pool_fen) for closing in evening.closings} == {
        (tagged, POOL_FEN_EACH * count) for tagged, count in zip((False, True), sides, strict=True) if count
    }


@settings(deadline=None)
@given(seed=st.integers(0, 2**31), sides=SIDES)
def test_everybody_plays_everything_once(seed: int, sides: tuple[int, int]) -> None:
    """A card a day, all for one pool; one shower and one moment of fireworks; of each group all but one come."""
    everybody = people_of(*sides)
    played = Counter((going.person, going.game, going.number) for going in plan_evening(seed, everybody, 20.0).goings)
    assert set(played.values()) == {1} and {cards.pool_of(day + 1) for day in range(DRAWS)} == {1}
    expected = {(person, "cards", day + 1) for person, _ in everybody for day in range(DRAWS)}
    expected |= {(person, game, 1) for person, _ in everybody for game in ("rain", "fireworks")}
    assert expected <= set(played)
    guests = [person for person, game, _ in played if game == "friends"]
    assert len(guests) == sum(count - -(-count // GROUP) for count in sides)


def test_the_same_seed_is_the_same_evening() -> None:
    """A plan is a function of its seed."""
    everybody = people_of(30, 10)
    assert plan_evening(7, everybody, 20.0) == plan_evening(7, everybody, 20.0) != plan_evening(8, everybody, 20.0)


def test_a_pool_is_judged_only_in_nights_with_one() -> None:
    """The games' claims stand in a file of their own, and come along with the scenario's own target only."""
    plan = planned("festival", people=10)
    assert [path.name for path in plan.also] == ["games.toml"] and plan.rounds == 1
    assert planned("festival", Path("other.toml"), people=10).also == planned("rain_peak", people=10).also == ()


@pytest.mark.night
@pytest.mark.long
def test_b02_a_small_evening(tmp_path: Path) -> None:
    """Cards are drawn, the koi found, a pool divided to the fen, and every play has its award."""
    told = run(
        planned("festival", people=32, duration=2.0, seed=5, tagged=0.25, root=tmp_path, options=QUICK), Teller()
    )
    assert (told.verdict, told.drained) == ("holds", True), told.reasons
    assert {name for name, verdict in told.invariants.items() if verdict.examined} == set(told.invariants)
    verdicts = {name: told.invariants[name] for name in ("split_exact", "plays_awarded", "wallet_view_complete")}
    assert {verdict.verdict for verdict in verdicts.values()} == {"holds"}
    assert verdicts["split_exact"].examined >= 1 and verdicts["plays_awarded"].examined > 32 * (DRAWS + 2)
    assert {"play", "close_pool", "koi"} <= set(told.by_operation)


def planned(name: str, target: Path | None = None, **asked: Any) -> Plan:
    scenario = catalogue()[name]
    return plan_night(scenario, target or scenario.target, **{"rounds": None, "argv": [], **asked})
