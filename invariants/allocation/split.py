"""Does a function that divides a whole packet at once keep the rules (W15), and the laws of all its shares?

Nothing is known of how it draws, so packets are sampled: each must be legal share by share, each share by its position
must follow the oracle's law, and so must a small packet as a whole.
"""

import math
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from random import Random
from typing import Any, Final

from invariants.allocation import SHARE_FEN_MAX, SHARE_FEN_MIN, Split, divisible, legal
from invariants.allocation.fairness import FULL, ORACLE, SUPPORT, Remainder, Trial, judged, samples_told, tried
from invariants.allocation.obligation import EXAMPLE, Counterexample, Obligation
from invariants.allocation.oracle import Law, by_position, packets
from invariants.allocation.sampling import sample_size

_PACKETS: Final = ((10, 2), (11, 4), (60, 5))
_OUTCOMES_MOST: Final = 200
"""A packet with no more outcomes than that is judged as a whole too."""

_FULL_PACKETS: Final = 200
"""How many packets near their limit must be divided without a fault."""

_SHARES: Final = "every packet is given out to the fen, in whole shares, each within its levels (W15)"

Packet = tuple[int, int]
"""(total_fen, shares)."""


def weigh_split(split: Split, seed: int = 0) -> Iterator[Obligation]:
    """`shares`, `support` and `oracle` of a function that divides a whole packet."""
    started_s = time.monotonic()
    laws = {packet: _laws(*packet) for packet in _PACKETS}
    size = sample_size(sum(map(len, laws.values())))
    sizes = dict.fromkeys(_PACKETS, size) | dict.fromkeys(FULL, _FULL_PACKETS)
    random = Random(seed)
    given = {packet: [tried(split.function, *packet, random) for _ in range(size)] for packet, size in sizes.items()}
    in_shares = _in_shares(given, started_s)
    yield in_shares
    if in_shares.closed:
        trials = [trial for packet in _PACKETS for trial in _trials(packet, laws[packet], given[packet])]
        yield from judged(trials, samples_told(trials), time.monotonic())
    else:
        told = (("support", SUPPORT), ("oracle", ORACLE))
        yield from (Obligation(*name, False, 0.0, "its packets are wrong") for name in told)


def _laws(fen: int, shares: int) -> list[Law[Any]]:
    """The law of each share by position, and of the whole packet where that has few outcomes."""
    few = math.comb(fen - 1, shares - 1) <= _OUTCOMES_MOST
    return [*by_position(fen, shares), *([packets(fen, shares)] if few else [])]


def _in_shares(given: Mapping[Packet, Sequence[object]], started_s: float) -> Obligation:
    wrong = ((packet, one) for packet, ones in given.items() for one in ones if not legal_packet(*packet, one))
    packet, one = next(wrong, (None, None))
    seconds = time.monotonic() - started_s
    if packet is None:
        return Obligation("shares", _SHARES, True, seconds)
    example = Counterexample(*packet, None, SHARE_FEN_MIN, SHARE_FEN_MAX, repr(one))
    return Obligation("shares", _SHARES, False, seconds, EXAMPLE, example)


def legal_packet(total_fen: int, shares: int, given: object) -> bool:
    """Are these the shares of one packet, one after the other? The last is legal only if it takes all."""
    if not isinstance(given, Sequence) or len(given) != shares or any(type(share) is not int for share in given):
        return False
    left_fen = total_fen
    for left_shares, share in zip(range(shares, 0, -1), given, strict=True):
        if not divisible(left_fen, left_shares) or not legal(share, left_fen, left_shares):
            return False
        left_fen -= share
    return True


def _trials(packet: Packet, laws: Sequence[Law[Any]], given: Sequence[Any]) -> Iterator[Trial]:
    at = Remainder(*packet)
    for place, law in enumerate(laws):
        whole = place == at.left_shares
        times = Counter(tuple(shares) if whole else shares[place] for shares in given)
        yield Trial(at, "the packet " if whole else f"share {place + 1}: ", law, times, {}, exact=False)
