"""`rainproof prove`: every obligation of every allocation function; each planted bug must fall to one of them."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Literal

from msgspec import Struct

from harness.config import ConfigError
from harness.plugins import choose
from invariants.allocation import Allocation, Split
from invariants.allocation.fairness import weigh
from invariants.allocation.obligation import LIMIT_S, Counterexample, Obligation
from invariants.allocation.split import weigh_split

__all__ = ["Allocation", "Candidate", "Fallen", "Proof", "Shown", "Split", "prove"]

Candidate = Allocation | Split
"""What a function named by an entry point of `rainproof.allocations` returns a dict of, by name."""

Check = Literal["proof", "support", "oracle", ""]


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
    """What became of a planted bug: the check that it fell to ("" for none), the obligation left open, and why."""

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


def prove(
    names: Sequence[str], known: Mapping[str, Candidate], mutants: bool = False, limit_s: float = LIMIT_S
) -> Proof:
    """Proves those called by name; without names all that are clean, and with `mutants` tries all others too.

    Raises ConfigError for an unknown name, for nothing to prove, and where z3 is missing.
    """
    chosen = {name: choose("allocation", name, known) for name in names or known}
    started_s = time.monotonic()
    obligations = [
        _shown(name, obligation)
        for name, candidate in chosen.items()
        if not candidate.caught_by
        for obligation in _obligations(candidate, limit_s)
    ]
    seconds = time.monotonic() - started_s
    tried = {name: mutant for name, mutant in chosen.items() if mutant.caught_by and (names or mutants)}
    fallen = {name: _fallen(mutant, limit_s) for name, mutant in tried.items()}
    if not obligations and not fallen:
        raise ConfigError("prove found no allocation function: name one by an entry point of rainproof.allocations")
    return Proof(
        closed=sum(shown.closed for shown in obligations),
        total=len(obligations),
        obligations=obligations,
        seconds=seconds,
        mutants=fallen,
        survivors=[name for name, each in fallen.items() if not each.fallen_to],
    )


def _shown(allocation: str, given: Obligation) -> Shown:
    return Shown(
        allocation, given.name, given.statement, given.closed, given.seconds, given.reason, given.counterexample
    )


def _fallen(mutant: Candidate, limit_s: float) -> Fallen:
    """Its obligations one by one, until one stays open, and on until a counterexample is found."""
    started_s = time.monotonic()
    opened = (obligation for obligation in _obligations(mutant, limit_s) if not obligation.closed)
    first = next(opened, None)
    if first is None:
        return Fallen("", mutant.caught_by, "", "", None, time.monotonic() - started_s)
    shown = first if first.counterexample else next((each for each in opened if each.counterexample), first)
    reason = first.reason if shown is first else f"{first.reason}; and {shown.name} does not hold"
    seconds = time.monotonic() - started_s
    return Fallen(_check(first.name), mutant.caught_by, first.name, reason, shown.counterexample, seconds)


def _check(obligation: str) -> Check:
    match obligation:
        case "support" | "oracle":
            return obligation
        case _:
            return "proof"


def _obligations(candidate: Candidate, limit_s: float) -> Iterator[Obligation]:
    """The certificate first; a whole packet at once has none, and is only sampled."""
    if isinstance(candidate, Split):
        yield from weigh_split(candidate)
    else:
        yield from _certify()(candidate, limit_s)
        yield from weigh(candidate)


def _certify() -> Callable[[Allocation, float], Iterator[Obligation]]:
    try:
        from invariants.allocation.certificate import certify
    except ImportError as error:
        raise ConfigError(f"prove needs z3 ({error}): pip install 'rainproof[prove]'") from error
    return certify
