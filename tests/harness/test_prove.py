"""The campaign of `rainproof prove`: what is counted, what a mutant falls to, and who survives."""

import sys
from collections.abc import Callable
from random import Random

import msgspec
import pytest

from harness.config import ConfigError
from harness.prove import Allocation, Candidate, Split, prove


def w15(remaining_fen: int, remaining_shares: int, draw: int) -> int:
    """The document's function, for a fen and 200 yuan."""
    if remaining_shares == 1:
        return remaining_fen
    later = remaining_shares - 1
    upper = min(20_000, remaining_fen - later, 2 * remaining_fen // remaining_shares)
    return max(1, remaining_fen - 20_000 * later, draw % upper)


def all_at_once(remaining_fen: int, remaining_shares: int, draw: int) -> int:
    return remaining_fen


def equal(remaining_fen: int, remaining_shares: int, draw: int) -> int:
    return remaining_fen // remaining_shares


def in_yuan(remaining_fen: int, remaining_shares: int, draw: int) -> int:
    return int(w15(remaining_fen, remaining_shares, draw) / 100 * 100)


def divided(total_fen: int, shares: int, random: Random) -> list[int]:
    given: list[int] = []
    for left_shares in range(shares, 0, -1):
        given.append(w15(total_fen - sum(given), left_shares, random.getrandbits(64)))
    return given


def catalogue(*mutants: Callable[..., int]) -> dict[str, Candidate]:
    planted = {mutant.__name__: Allocation(mutant.__name__, mutant, caught_by="somebody") for mutant in mutants}
    return {"w15": Allocation("w15", w15), **planted}


def test_all_obligations_of_the_clean_are_counted() -> None:
    """Certificate, support and law, each with its time; mutants are left out unless asked for."""
    proof = prove([], catalogue(all_at_once))
    assert proof.passed and proof.closed == proof.total == len(proof.obligations) == 15
    assert {shown.allocation for shown in proof.obligations} == {"w15"} and proof.mutants == {}
    assert {"least", "levels", "support", "oracle"} <= {shown.name for shown in proof.obligations}
    assert sum(shown.seconds for shown in proof.obligations) <= proof.seconds


def test_each_mutant_falls_to_the_first_check_that_sees_it() -> None:
    """Bounds to the proof, with numbers; what keeps them to the support check; who survives is named."""
    told = prove(["all_at_once", "equal"], catalogue(all_at_once, equal))
    assert told.passed and told.total == 0
    bold, dull = told.mutants["all_at_once"], told.mutants["equal"]
    assert (bold.fallen_to, bold.obligation, bold.caught_by) == ("proof", "most", "somebody")
    assert bold.counterexample is not None and bold.counterexample.gives == str(bold.counterexample.remaining_fen)
    assert (dull.fallen_to, dull.obligation) == ("support", "support")
    survivor = prove(["w15"], {"w15": Allocation("w15", w15, caught_by="nobody")})
    assert survivor.survivors == ["w15"] and not survivor.passed and survivor.mutants["w15"].fallen_to == ""


def test_what_has_no_certificate_fails() -> None:
    """A team's own function that reckons in floats is not passed, and the reason names line and cause."""
    proof = prove([], {"in_yuan": Allocation("in_yuan", in_yuan)})
    followed = proof.obligations[0]
    assert not proof.passed and not followed.closed and proof.closed < proof.total
    assert "test_prove.py:" in followed.reason and "true division makes a float" in followed.reason


def test_a_function_that_divides_whole_packets_is_sampled() -> None:
    """It has no certificate: shares, support and law by samples."""
    proof = prove(["split"], {"split": Split("split", divided)})
    assert proof.passed and [shown.name for shown in proof.obligations] == ["shares", "support", "oracle"]


def test_the_proof_is_one_json_object() -> None:
    """With closed, obligations and seconds, and a counterexample's numbers under their arguments' names."""
    told = msgspec.json.decode(msgspec.json.encode(prove(["all_at_once"], catalogue(all_at_once))))
    assert {"closed", "total", "obligations", "seconds", "mutants", "survivors"} == set(told)
    example = told["mutants"]["all_at_once"]["counterexample"]
    assert set(example) == {"remaining_fen", "remaining_shares", "draw", "least_fen", "most_fen", "gives"}


def test_an_unknown_name_is_an_error() -> None:
    """In one line that names the nearest."""
    with pytest.raises(ConfigError, match=r"no allocation is called 'w16'.*w15"):
        prove(["w16"], catalogue())


def test_nothing_to_prove_is_an_error() -> None:
    """No function, or mutants alone that were not asked for: never a pass."""
    for known in ({}, {"equal": Allocation("equal", equal, caught_by="somebody")}):
        with pytest.raises(ConfigError, match=r"rainproof\.allocations"):
            prove([], known)


def test_without_z3_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """z3 comes with an extra; nothing else needs it."""
    monkeypatch.setitem(sys.modules, "z3", None)
    for name in ("invariants.allocation.certificate", "invariants.allocation.symbolic"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    with pytest.raises(ConfigError, match=r"pip install 'rainproof\[prove\]'"):
        prove([], catalogue())
