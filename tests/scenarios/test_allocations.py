"""The reference's allocation function and its mutants under `rainproof prove`."""

import importlib
import pkgutil

import pytest

from harness.prove import Fallen, Proof, prove
from invariants.allocation import divisible
from invariants.registry import INVARIANTS
from reference_impl import mutants
from scenarios.allocations import catalogue

CATALOGUE = catalogue()
MUTANTS = [name for name, allocation in CATALOGUE.items() if allocation.caught_by]
CHECKS = {"allocation_certificate": "proof", "allocation_support": "support", "allocation_oracle": "oracle"}


@pytest.fixture(scope="module")
def proof() -> Proof:
    return prove([], CATALOGUE, mutants=True)


@pytest.fixture
def fallen(proof: Proof, name: str) -> Fallen:
    return proof.mutants[name]


def test_the_reference_closes_every_obligation(proof: Proof) -> None:
    """All of them, in under five seconds, and no mutant survives."""
    assert [shown.name for shown in proof.obligations if not shown.closed] == []
    assert proof.total == 15 and proof.seconds < 5 and proof.passed


def test_every_mutant_of_the_allocation_is_here() -> None:
    """Each file with a bug in `lucky_fen` is in the catalogue: at least eight besides the first."""
    files = (
        importlib.import_module(f"{mutants.__name__}.{file.name}") for file in pkgutil.iter_modules(mutants.__path__)
    )
    assert {file.MUTANT.name for file in files if hasattr(file, "lucky_fen")} == set(MUTANTS)
    assert len(MUTANTS) >= 9 and "mod_without_floor" in MUTANTS


@pytest.mark.parametrize("name", MUTANTS)
def test_a_mutant_falls_to_the_check_it_names(name: str, fallen: Fallen) -> None:
    """Those that a run shows fall to the proof already; the others to what their file says, with a counterexample."""
    assert fallen.caught_by in CHECKS or fallen.caught_by in INVARIANTS
    assert fallen.fallen_to == CHECKS.get(fallen.caught_by, "proof")
    assert fallen.counterexample is not None


@pytest.mark.parametrize("name", MUTANTS)
def test_a_counterexample_is_what_the_mutant_does(name: str, fallen: Fallen) -> None:
    """Run on the numbers, the mutant gives what is said, and the reference something else or more."""
    found = fallen.counterexample
    assert found is not None and divisible(found.remaining_fen, found.remaining_shares, found.least_fen, found.most_fen)
    if fallen.fallen_to == "proof":
        assert found.draw is not None
        numbers = found.remaining_fen, found.remaining_shares, found.draw, found.least_fen, found.most_fen
        try:
            gives: object = CATALOGUE[name].share(*numbers)
        except ZeroDivisionError as error:
            gives = error
        assert found.gives == repr(gives) != repr(CATALOGUE["lucky_fen"].share(*numbers))


@pytest.mark.parametrize("name", MUTANTS)
def test_a_mutant_says_where_it_dies(name: str) -> None:
    """What only a proof, a support check or the exact law shows is not looked for in runs."""
    mutant = mutants.catalogue()[name]
    assert (mutant.dies_in == "proof") is (mutant.caught_by in CHECKS)
    assert mutant.caught_by == CATALOGUE[name].caught_by
