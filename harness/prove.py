"""`rainproof prove`: every obligation of every allocation function; each planted bug must fall to one of them."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, Literal

from msgspec import Struct

from harness.config import ConfigError
from harness.plugins import choose
from invariants.allocation import Allocation, Split
from invariants.fairness import judge, judge_split
from invariants.obligation import Counterexample, Obligation

Candidate = Allocation | Split
"""What a function named by an entry point of `rainproof.allocations` returns a dict of, by name."""

Check = Literal["proof", "support", "oracle", ""]

LIMIT_S: Final = 5.0
"""The time for z3 to decide one obligation."""


class Shown(Struct, frozen=True):
    """An obligation, and the function it is of."""

    allocation: str
    name: str
    statement: str
    closed: bool
    seconds: float
    reason: str
    counterexample: Counterexample | None


class Fallen(Struct, frozen=True):
    """What became of a planted bug: the check that it fell to ("" for none), the obligation that stays open, and why."""

    fallen_to: Check
    caught_by: str
    obligation: str
    reason: str
    counterexample: Counterexample | None
    seconds: float


class Proof(Struct, frozen=True):
    """`closed` of `total` obligations of the functions without a bug, shown in `seconds`; `survivors` are mutants that
    fell to nothing.
    """

    closed: int
    total: int
    obligations: list[Shown]
    seconds: float
    mutants: dict[str, Fallen]
    survivors: list[str]

    @property
    def passed(self) -> bool:
        return self.closed == self.total and not self.survivors


def prove(names: Sequence[str], known: Mapping[str, Candidate], limit_s: float = LIMIT_S) -> Proof:
    """Proves those called by name, or all. Raises ConfigError for an unknown name and where z3 is missing."""
    chosen = {name: choose("allocation", name, known) for name in names} or known
    started_s = time.monotonic()
    obligations = [
        _shown(name, obligation)
        for name, candidate in chosen.items()
        if not candidate.caught_by
        for obligation in _obligations(candidate, limit_s)
    ]
    seconds = time.monotonic() - started_s
    mutants = {name: _fallen(mutant, limit_s) for name, mutant in chosen.items() if mutant.caught_by}
    return Proof(
        closed=sum(shown.closed for shown in obligations),
        total=len(obligations),
        obligations=obligations,
        seconds=seconds,
        mutants=mutants,
        survivors=[name for name, fallen in mutants.items() if not fallen.fallen_to],
    )


def _shown(allocation: str, given: Obligation) -> Shown:
    return Shown(
        allocation, given.name, given.statement, given.closed, given.seconds, given.reason, given.counterexample
    )


def _fallen(mutant: Candidate, limit_s: float) -> Fallen:
    """Its obligations one by one, until one stays open."""
    started_s = time.monotonic()
    first = next((obligation for obligation in _obligations(mutant, limit_s) if not obligation.closed), None)
    seconds = time.monotonic() - started_s
    if first is None:
        return Fallen("", mutant.caught_by, "", "", None, seconds)
    return Fallen(_check(first.name), mutant.caught_by, first.name, first.reason, first.counterexample, seconds)


def _check(obligation: str) -> Check:
    match obligation:
        case "support" | "oracle":
            return obligation
        case _:
            return "proof"


def _obligations(candidate: Candidate, limit_s: float) -> Iterator[Obligation]:
    """The certificate first; a whole packet at once has none, and is only sampled."""
    if isinstance(candidate, Split):
        yield from judge_split(candidate)
    else:
        yield from _certify()(candidate, limit_s)
        yield from judge(candidate)


def _certify() -> Callable[[Allocation, float], Iterator[Obligation]]:
    try:
        from invariants.certificate import certify
    except ImportError as error:
        raise ConfigError(f"prove needs z3 ({error}): pip install 'rainproof[prove]'") from error
    return certify
