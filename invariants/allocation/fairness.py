"""Does an allocation function give every share as often as it should? Many wrong ones keep every bound.

What it gives is held against the oracle's law: first what it can give at all (`support`), then how often (`oracle`). A
function whose draws repeat after a few is run on all of them, and the answer is exact; any other is sampled, as much as
the chance of an error asks for that the statement names.
"""

import math
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from functools import partial
from random import Random
from typing import Any, Final, NamedTuple

from invariants.allocation import SHARE_FEN_MAX, SHARE_FEN_MIN, Allocation, divisible
from invariants.allocation.obligation import EXAMPLE, Counterexample, Obligation
from invariants.allocation.oracle import Law, chances
from invariants.allocation.sampling import ERROR, GAP, certain, distance, sample_size

PERIOD_MOST: Final = 100_000
"""An allocation whose draws repeat only after more is sampled."""

_LIMITS: Final = ((SHARE_FEN_MIN, SHARE_FEN_MAX), (1, 5), (2, 6))
_SMALL_FEN: Final = 8
_SMALL_SHARES: Final = 4
FULL: Final = ((39_990, 2), (45_000, 3))
"""All draws: every remainder up to so many fen and shares, for each pair of limits, and two that 200 yuan limits."""

_SAMPLED: Final = ((10, 2), (13, 4), (24, 3), (100, 5), *FULL)
"""Remainders of an allocation whose draws are sampled."""

SUPPORT: Final = "whatever can be drawn is given, and nothing else"
ORACLE: Final = "every share comes as often as the exact law says"


class Remainder(NamedTuple):
    left_fen: int
    left_shares: int
    least_fen: int = SHARE_FEN_MIN
    most_fen: int = SHARE_FEN_MAX


class Trial(NamedTuple):
    """What was seen of one law. `times`: outcome → how often; `first`: a draw that gives it, where draws are known."""

    remainder: Remainder
    what: str
    law: Law[Any]
    times: Counter[Any]
    first: Mapping[Any, int]
    exact: bool


Fault = tuple[Trial, Any, str]
"""A trial that contradicts its law, the outcome that does, and how."""


def weigh(allocation: Allocation, seed: int = 0) -> Iterator[Obligation]:
    """`support` and `oracle` of an allocation function."""
    started_s = time.monotonic()
    trials = list(_enumerated(allocation))
    told = f"on all draws of {len(trials)} remainders"
    if None in trials:
        trials = list(_sampled(allocation, Random(seed)))
        told = samples_told(trials)
    yield from judged([trial for trial in trials if trial], told, started_s)


def judged(trials: Sequence[Trial], told: str, started_s: float) -> Iterator[Obligation]:
    """`support` and `oracle` of what was tried; `told` says how."""
    outside = filter(None, (_outside(trial, len(trials)) for trial in trials))
    yield _obligation("support", f"{SUPPORT}, {told}", next(outside, None), started_s)
    started_s = time.monotonic()
    unlike = filter(None, map(_unlike, trials))
    yield _obligation("oracle", f"{ORACLE}, {told}", next(unlike, None), started_s)


def _obligation(name: str, statement: str, fault: Fault | None, started_s: float) -> Obligation:
    seconds = time.monotonic() - started_s
    if fault is None:
        return Obligation(name, statement, True, seconds)
    trial, outcome, how = fault
    fen, shares, least_fen, most_fen = trial.remainder
    said = f"{trial.what}{outcome} {how}"
    example = Counterexample(fen, shares, trial.first.get(outcome), least_fen, most_fen, said)
    return Obligation(name, statement, False, seconds, EXAMPLE, example)


def _outside(trial: Trial, laws: int) -> Fault | None:
    """An outcome that cannot be, or one that is missing though it must have come."""
    impossible = next((outcome for outcome in trial.times if outcome not in trial.law), None)
    if impossible is not None:
        return trial, impossible, "is given and cannot be drawn"
    needed = set(trial.law) if trial.exact else certain(trial.law, trial.times.total(), laws)
    missing = min(needed - set(trial.times), default=None)
    if missing is None:
        return None
    return trial, missing, f"is never given, and should be in {trial.law[missing]} of all"


def _unlike(trial: Trial) -> Fault | None:
    """The outcome that is furthest from its chance, if the laws differ (exact) or certainly do (sampled)."""
    samples = trial.times.total()
    parts = {outcome: Fraction(trial.times[outcome], samples) for outcome in trial.law}
    if parts == trial.law if trial.exact else distance(trial.law, trial.times) <= GAP / 2:
        return None
    worst = max(parts, key=lambda outcome: abs(parts[outcome] - trial.law[outcome]))
    part = str(parts[worst]) if trial.exact else f"{float(parts[worst]):.4f}"
    return trial, worst, f"is given in {part} of all, and should be in {trial.law[worst]}"


def samples_told(trials: Sequence[Trial | None]) -> str:
    """How much was sampled, and what may be wrong with it."""
    samples = max(trial.times.total() for trial in trials if trial)
    return f"in {samples} samples of each of {len(trials)} laws (errs in {ERROR:g} of all cases, sees a gap of {GAP:g})"


def _trial(at: Remainder, law: Law[Any], pairs: Iterable[tuple[object, int]], exact: bool) -> Trial:
    """From (share, draw) pairs; what is no whole number is an outcome by its text."""
    outcomes = [(share if type(share) is int else repr(share), draw) for share, draw in pairs]
    times = Counter(outcome for outcome, _ in outcomes)
    return Trial(at, "", law, times, dict(reversed(outcomes)), exact)


def tried(work: Callable[..., object], *arguments: object) -> object:
    """What it gives, or the error that it raises."""
    try:
        return work(*arguments)
    except Exception as error:  # noqa: BLE001 an error is an outcome too
        return error


def _enumerated(allocation: Allocation) -> Iterator[Trial | None]:
    """Every remainder with one period of draws; None where no period is found."""
    for at in _remainders(allocation.limited):
        pairs = tried(_period, allocation, at)
        yield _trial(at, chances(*at), pairs, exact=True) if isinstance(pairs, list) else None


def _remainders(limited: bool) -> Iterator[Remainder]:
    for limits in _LIMITS if limited else _LIMITS[:1]:
        for shares in range(1, _SMALL_SHARES + 1):
            fens = (fen for fen in range(_SMALL_FEN + 1) if divisible(fen, shares, *limits))
            yield from (Remainder(fen, shares, *limits) for fen in fens)
    yield from (Remainder(*packet) for packet in FULL)


class _Draw:
    """A draw that can only be reduced, and puts down by what: a function that does no more with it repeats after the
    least common multiple.
    """

    def __init__(self, number: int, moduli: set[int]) -> None:
        self._number = number
        self._moduli = moduli

    def __mod__(self, modulus: int) -> int:
        self._moduli.add(modulus)
        return self._number % modulus


def _period(allocation: Allocation, at: Remainder) -> list[tuple[object, int]] | None:
    """(share, draw) for one period of draws; None where it is long. Raises where a draw is used as the number it is."""
    moduli: set[int] = set()
    pairs: list[tuple[object, int]] = []
    share: Callable[..., object] = allocation.share
    while len(pairs) < (period := math.lcm(*moduli)):
        if period > PERIOD_MOST:
            return None
        pairs.append((share(*at[:2], _Draw(len(pairs), moduli), *at[2:]), len(pairs)))
    return pairs


def _sampled(allocation: Allocation, random: Random) -> Iterator[Trial]:
    size = sample_size(len(_SAMPLED))
    for at in (Remainder(*packet) for packet in _SAMPLED):
        draws = [random.getrandbits(64) for _ in range(size)]
        share = partial(allocation.share, *at[:2], least_fen=at.least_fen, most_fen=at.most_fen)
        yield _trial(at, chances(*at), ((tried(share, draw), draw) for draw in draws), exact=False)
