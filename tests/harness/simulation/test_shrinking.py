"""Shrinking, on a jar of coins whose careless keeper looks first and takes afterwards."""

from collections.abc import Iterator
from random import Random

import jar
import pytest
from msgspec.structs import replace

from harness.simulation import shrink as shrinking
from harness.simulation.explore import Found, Search, schedules
from harness.simulation.faults import FAULTS
from harness.simulation.judging import accused
from harness.simulation.schedule import Played, play
from harness.simulation.shrink import Shrunk, shrink
from harness.simulation.stand import stand
from harness.simulation.strategies import PORTFOLIO, Default, InTurn, Noting, Replay, Turn, choose
from harness.simulation.tape import Tape, weight
from harness.simulation.world import Deployment, Person, Plan, Step

ALL = frozenset(FAULTS)
CARELESS = jar.world(careful=False)


@pytest.fixture
def deployment() -> Iterator[Deployment]:
    with stand(CARELESS, "embedded") as standing:
        yield standing


def crowd(random: Random) -> Plan:
    """The jar's people, each of whom also comes when it is too late to matter."""
    late = Step("open", key="late", pause_s=1.0)
    plan = jar.plan(random)
    return Plan(tuple(replace(one, steps=(*one.steps, late)) for one in plan.people))


def longest(deployment: Deployment) -> Found:
    """Of many schedules that fail, the one with most choices off the default."""
    world = replace(CARELESS, plan=crowd)
    search = Search(seed=3, schedules=120, faults=ALL, strategies=("uniform",))
    failing = (
        Found(*one, ["no_overspend"])
        for one in schedules(world, deployment, search)
        if accused(one[-1], ["no_overspend"])
    )
    return max(failing, key=lambda found: weight(found.played.tape))


def shrunk(deployment: Deployment, found: Found) -> Shrunk:
    return shrink(deployment, found.plan, found.played, ALL, "no_overspend", found.seed)


def test_only_what_is_needed_is_left(deployment: Deployment) -> None:
    """Of a long random schedule a few choices, three takers for two coins, and nobody's late step; and it fails."""
    found = longest(deployment)
    small = shrunk(deployment, found)
    assert weight(found.played.tape) > 20 and small.choices <= 4
    assert [len(person.steps) for person in small.plan.people] == [1, 1, 1]
    again = play(deployment, small.plan, Replay(small.tape), ALL, found.seed)
    assert again.digest == small.played.digest and accused(again, ["no_overspend"])


def test_turns_say_all_of_an_order(deployment: Deployment) -> None:
    """Played in the turns that were noted, with its faults, a schedule of any strategy is the same again."""
    plan = crowd(Random(5))
    for number in range(1, 25):
        noting = Noting(choose(tuple(PORTFOLIO), "turns", number, 40))
        played = play(deployment, plan, noting, ALL, "turns")
        assert play(deployment, plan, InTurn(noting.turns, played.tape), ALL, "turns").digest == played.digest


def test_turns_are_put_together_at_the_first_or_the_last() -> None:
    """Each actor has one turn left, as long as all of theirs."""
    turns = [Turn("a", 2), Turn("b", 3), Turn("a", 5), Turn("c", 1), Turn("b", 4)]
    assert shrinking._early(turns) == [Turn("a", 5), Turn("b", 4), Turn("c", 1)]
    assert shrinking._late(turns) == [Turn("a", 5), Turn("c", 1), Turn("b", 4)]


def test_what_does_not_count_is_not_smaller(deployment: Deployment) -> None:
    """A smaller schedule in which nothing counts is not taken."""
    found = longest(deployment)

    def many(_plan: Plan, played: Played, accused: list[str]) -> list[str]:
        return accused if weight(played.tape) > 10 else []

    small = shrink(deployment, found.plan, found.played, ALL, "no_overspend", found.seed, many)
    assert shrunk(deployment, found).choices < 10 < small.choices < weight(found.played.tape)


def test_somebody_at_two_phones_keeps_two_scripts(deployment: Deployment) -> None:
    """What is left of either phone's script is of that phone's."""
    takes = {asks: tuple(Step("open", key=f"{asks}-{number}") for number in (1, 2)) for asks in ("api-0", "api-1")}
    same = tuple(Person(1, steps, asks) for asks, steps in takes.items())
    world = replace(CARELESS, plan=lambda _: Plan((*same, Person(2, (Step("open", key="other"),), "api-2"))))
    failing = (
        Found(*one, ["no_overspend"])
        for one in schedules(world, deployment, Search(seed=1, schedules=60, faults=ALL))
        if accused(one[-1], ["no_overspend"])
    )
    left = [person for person in shrunk(deployment, next(failing)).plan.people if person.person == 1]
    assert left and sum(len(person.steps) for person in left) < 4
    assert all(step in takes[person.asks] for person in left for step in person.steps)


def test_few_schedules_are_tried_and_none_twice(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some dozens of attempts, each another schedule; they are what is counted."""
    found = longest(deployment)
    played: list[tuple[Plan, Tape, list[Turn]]] = []

    def counted(deployment: Deployment, plan: Plan, strategy: Noting, *rest: object) -> Played:
        tried = strategy.strategy
        turns = list(tried._turns) if isinstance(tried, InTurn) else []
        played.append((plan, tried._tape, turns))  # type: ignore[attr-defined]
        return play(deployment, plan, strategy, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(shrinking, "play", counted)
    small = shrunk(deployment, found)
    assert small.attempts == len(played) <= 100
    assert all(one not in played[:place] for place, one in enumerate(played))


def test_when_time_is_up_the_smallest_until_then_is_taken(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without any time the schedule is what it was, and still fails; with more for long ones it gets a few choices."""
    monkeypatch.setattr(shrinking, "SECONDS", 0.0)
    found = longest(deployment)
    assert 1 <= shrunk(deployment, found).choices <= shrinking.FEW
    monkeypatch.setattr(shrinking, "SECONDS_MOST", 0.0)
    small = shrunk(deployment, found)
    assert (small.plan, small.attempts) == (found.plan, 1) and small.played.digest == found.played.digest


def test_what_does_not_fail_cannot_be_shrunk(deployment: Deployment) -> None:
    """A schedule that holds is refused, not shrunk to something else."""
    plan = CARELESS.plan(Random(0))
    holds = play(deployment, plan, Default(), ALL, "seed")
    with pytest.raises(ValueError, match="does not fail"):
        shrink(deployment, plan, holds, ALL, "no_overspend", "seed")
