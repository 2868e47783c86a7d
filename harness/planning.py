"""A night as somebody asks for it becomes a plan: what they leave open is as its scenario says, or as is usual."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from harness import faults
from harness import run as runs
from harness.config import ConfigError
from harness.plugins import Scenario

PEOPLE: Final = 600
PEOPLE_PER_S: Final = 60.0
"""Unless somebody says how long, a night lasts long enough for so many people a second, which two cores can serve."""
DURATION_LEAST_S: Final = 10.0


def plan_night(
    scenario: Scenario,
    target: Path,
    *,
    people: int | None,
    rounds: int | None,
    duration: float | None = None,
    **given: Any,
) -> runs.Plan:
    """The plan of a night against a target file; `duration` is in seconds, `given` are fields of the plan.

    ConfigError: the scenario has no rounds.
    """
    people, rounds = people or PEOPLE, _rounds(scenario, rounds)
    people_per_s = getattr(scenario, "people_per_s", PEOPLE_PER_S)
    duration_s = duration or max(DURATION_LEAST_S, people * max(1, rounds) / people_per_s)
    sets = tuple(map(faults.parse, getattr(scenario, "sets", _nothing)(people, rounds, duration_s)))
    told = {name: value for name, value in given.items() if value is not None}
    told.setdefault("also", getattr(scenario, "also", ()) if target == scenario.target else ())
    return runs.Plan(
        scenario=scenario.name,
        locustfile=scenario.locustfile,
        target=target,
        people=people,
        rounds=rounds,
        duration_s=duration_s,
        sets=sets,
        **told,
    )


def _nothing(people: int, rounds: int, duration_s: float) -> Sequence[str]:
    """What operators set in a scenario that does not say."""
    return ()


def _rounds(scenario: Scenario, asked: int | None) -> int:
    """How many rounds are played."""
    usual: int = getattr(scenario, "rounds", 0)
    if asked is not None and not usual:
        raise ConfigError(f"--rounds {asked}: scenario {scenario.name!r} has no rounds")
    return asked or usual
