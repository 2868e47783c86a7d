"""Mutants of the allocation that no night shows: they fall to certificate, support check or exact oracle."""

from collections.abc import Mapping
from typing import Final

from harness import plugins
from harness.plugins import Mutant
from harness.prove import Fallen, prove
from harness.trial.verdicts import Trial
from invariants.verdict import Value

_CALLED: Final = {
    "proof": "allocation_certificate",
    "support": "allocation_support",
    "oracle": "allocation_oracle",
}


def trials(mutants: Mapping[str, Mutant]) -> dict[str, Trial]:
    """What each falls to. Raises ConfigError for one whose function no entry point names."""
    proof = prove(list(mutants), plugins.allocations())
    return {name: _trial(mutants[name], fallen) for name, fallen in proof.mutants.items()}


def _trial(mutant: Mutant, fallen: Fallen) -> Trial:
    verdicts: dict[str, Value] = {_CALLED[fallen.fallen_to]: "violated"} if fallen.fallen_to else {}
    return Trial(
        killed=mutant.caught_by in verdicts, under="proof", caught_by=mutant.caught_by, verdicts=verdicts, tries=1
    )
