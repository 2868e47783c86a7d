"""What every property is: a sentence, and a check that raises where it is not so."""

from collections.abc import Callable
from typing import NamedTuple

from hypothesis import HealthCheck, Phase, settings


class Property(NamedTuple):
    """`check` raises AssertionError where the statement is not so, with the smallest example in its notes.

    Raises Skipped where it cannot be tried.
    """

    name: str
    statement: str
    check: Callable[[], None]


class Skipped(Exception):
    """Says why."""


def ensure(fine: bool, complaint: str) -> None:
    """Raise AssertionError where it is not fine."""
    if not fine:
        raise AssertionError(complaint)


def trial(examples: int) -> settings:
    """How long Hypothesis tries: no deadline, and no explanations, which cost as much as finding."""
    return settings(
        max_examples=examples,
        deadline=None,
        print_blob=False,
        report_multiple_bugs=False,
        phases=(Phase.explicit, Phase.reuse, Phase.generate, Phase.target, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
