"""Properties of a function that divides a lucky packet (mechanism W15)."""

import random
from collections.abc import Callable, Sequence
from functools import partial
from inspect import Parameter, signature
from typing import Any, Final

from hypothesis import given
from hypothesis import strategies as st

from harness.properties.functions import Function
from harness.properties.trial import Property, ensure, trial
from harness.target.files import PropertiesTable
from invariants.allocation import SHARE_FEN_MAX, divisible, legal
from invariants.nights import Packet
from invariants.strategies import packets

SHARES_MAX: Final = 60
SMALL: Final = Packet(12, 3, "lucky")
TRIES: Final = 600
"""Small packets enough for every first share that can be drawn: each is missed less than once in 10^30."""

Shares = Callable[[Packet], list[Any]]
Check = Callable[[Packet, Sequence[Any]], None]


def allocation_properties(function: Function, table: PropertiesTable) -> list[Property]:
    """Of `function(left_fen, left_shares)`, which gives the next share, or `function(total_fen, shares)`, which gives
    all of them, as the table's `style` says.

    A third parameter that must be given gets a random integer from 0 to 2^63 - 1.
    """
    give = _with_draw(function)
    shares = partial(_whole_packet, give) if table.style == "whole_packet" else partial(_one_by_one, give)
    tried = partial(_for_packets, shares, table.examples)
    found = [
        Property(
            "allocation_whole_fen", "every share is a whole number of fen, an int and never a float", tried(_whole)
        ),
        Property("allocation_least", "every share is at least 1 fen", tried(_least)),
        Property("allocation_sum", "there are as many shares as asked for and they sum to the total", tried(_sum)),
    ]
    if not table.allocation_bounds:
        return found
    return [
        *found,
        Property("allocation_most", "no share is above 200 yuan", tried(_most)),
        Property("allocation_drawn", "every share is one that the document's algorithm draws", tried(_drawn)),
        Property("allocation_support", "every first share that can be drawn is drawn", partial(_support, shares)),
    ]


def _for_packets(shares: Shares, examples: int, check: Check) -> Callable[[], None]:
    """The check as a property; a function that draws from `random` gets the same luck for the same example."""

    @trial(examples)
    @given(packet=packets(shares_max=SHARES_MAX, kinds=("lucky",)), chance=st.random_module())
    def allocation(packet: Packet, chance: object) -> None:
        check(packet, shares(packet))

    return allocation


def _whole(packet: Packet, shares: Sequence[Any]) -> None:
    for position, share in enumerate(shares, 1):
        ensure(type(share) is int, f"share {position} of {packet.shares} is {share!r}, a {type(share).__name__}")


def _least(packet: Packet, shares: Sequence[Any]) -> None:
    for position, share in enumerate(shares, 1):
        ensure(share >= 1, f"share {position} of {packet.shares} is {share} fen")


def _most(packet: Packet, shares: Sequence[Any]) -> None:
    for position, share in enumerate(shares, 1):
        ensure(share <= SHARE_FEN_MAX, f"share {position} of {packet.shares} is {share} fen")


def _sum(packet: Packet, shares: Sequence[Any]) -> None:
    ensure(len(shares) == packet.shares, f"there are {len(shares)} shares and not {packet.shares}")
    ensure(sum(shares) == packet.total_fen, f"the shares sum to {sum(shares)} fen and not to {packet.total_fen}")


def _drawn(packet: Packet, shares: Sequence[Any]) -> None:
    left_fen = packet.total_fen
    for position, share in enumerate(shares, 1):
        left_shares = packet.shares - position + 1
        left = f"{left_fen} fen left in {left_shares} shares"
        may_be = divisible(left_fen, left_shares) and legal(share, left_fen, left_shares)
        ensure(may_be, f"share {position} of {packet.shares} is {share} fen of {left}")
        left_fen -= share


def _support(shares: Shares) -> None:
    possible = {fen for fen in range(1, SMALL.total_fen) if legal(fen, SMALL.total_fen, SMALL.shares)}
    state = random.getstate()
    random.seed(0)
    try:
        begun = {shares(SMALL)[0] for _ in range(TRIES)}
    finally:
        random.setstate(state)
    never = ", ".join(map(str, sorted(possible - begun)))
    ensure(
        not never, f"of {TRIES} packets of {SMALL.total_fen} fen in {SMALL.shares} shares none begins with {never} fen"
    )


def _one_by_one(give: Callable[[int, int], Any], packet: Packet) -> list[Any]:
    left_fen: Any = packet.total_fen
    shares: list[Any] = []
    for left_shares in range(packet.shares, 0, -1):
        shares.append(give(left_fen, left_shares))
        left_fen -= shares[-1]
    return shares


def _whole_packet(give: Callable[[int, int], Any], packet: Packet) -> list[Any]:
    return list(give(packet.total_fen, packet.shares))


def _with_draw(function: Function) -> Callable[[int, int], Any]:
    positional = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)
    parameters = signature(function).parameters.values()
    needed = [one for one in parameters if one.kind in positional and one.default is Parameter.empty]
    if len(needed) < 3:
        return function
    return lambda fen, shares: function(fen, shares, random.getrandbits(63))
