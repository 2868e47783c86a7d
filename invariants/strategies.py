"""Hypothesis strategies for red packets: what is sent, who comes, what goes wrong, what is written down afterwards.

    from hypothesis import given
    from invariants.strategies import packets

    @given(packets())
    def test_shares_sum_to_the_total(packet):
        assert sum(divide(packet.total_fen, packet.shares)) == packet.total_fen

Everything drawn is plain data that prints and shrinks. Bounds are inclusive, money is integer fen. Needs the extra
`prove`.
"""

import string
from collections.abc import Sequence
from datetime import date
from typing import Final

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy
from msgspec import Struct

from invariants.allocation import SHARE_FEN_MAX
from invariants.legal import LONG_US, Rows
from invariants.nights import SENDINGS, VISITS, Night, Packet, Sending, Visit, play

KINDS: Final = ("lucky", "equal")
STAGES: Final = ("internal", "gray", "live")
FAULTS: Final = ("fail", "timeout", "twice", "delay", "crash", "wipe", "clock")
"""fail: never done · timeout: done, and the answer lost · twice: done a second time · delay: done later · crash: the
process dies · wipe: the cache loses everything · clock: the process's clock jumps."""

PERSON_MAX: Final = 2**53
"""The largest integer that every JSON reader has whole."""
INT32_MAX: Final = 2**31 - 1
INT64_MAX: Final = 2**63 - 1

_WORD: Final = string.ascii_letters + string.digits + "-"
_VISIBLE: Final = "".join(chr(code) for code in range(33, 127))


class Fault(Struct, frozen=True):
    """What goes wrong at the `point`-th call (from 0). `by_us`: how long a delay is, how far a clock jumps, else 0."""

    kind: str
    point: int
    by_us: int = 0


class OrderNumber(Struct, frozen=True):
    """What an award's order number is made of: `{act_id}_{scene_id}_{rain_id}_{award_type}_{stage}`."""

    act_id: int
    scene_id: str
    rain_id: int
    award_type: str
    stage: str

    def __str__(self) -> str:
        return f"{self.act_id}_{self.scene_id}_{self.rain_id}_{self.award_type}_{self.stage}"


# --- packets and nights -----------------------------------------------------------------------------------------------


@st.composite
def packets(draw: DrawFn, shares_max: int = 1000, shares_min: int = 1, kinds: Sequence[str] = KINDS) -> Packet:
    """Orders that can be divided (mechanism W15): a fen to 200 yuan a share, equal ones without remainder.

    The ends are likely: `shares_min` and `shares_max`, a fen each and 200 yuan each; so is up to two fen each, where
    what is rounded shows.
    """
    kind = draw(st.sampled_from(kinds))
    shares = draw(_ends(shares_min, shares_max))
    if kind == "equal":
        return Packet(shares * draw(_ends(1, SHARE_FEN_MAX)), shares, kind)
    return Packet(draw(st.integers(shares, 2 * shares) | _ends(shares, SHARE_FEN_MAX * shares)), shares, kind)


@st.composite
def nights(
    draw: DrawFn, packets_max: int = 3, people: int = 8, visits_max: int = 12, clock_error_ns: int = 2_000_000
) -> Night:
    """Plans of a night: some packets, who comes to each, with every bad habit; clocks off within `clock_error_ns`."""
    sendings = draw(st.lists(_sendings(people), min_size=1, max_size=packets_max))
    visits = _visits(len(sendings), people)
    off_ns = st.integers(-clock_error_ns, clock_error_ns)
    return Night(
        sendings=tuple(sendings),
        visits=tuple(draw(st.lists(visits, max_size=visits_max))),
        lots=tuple(draw(st.lists(st.integers(0, INT64_MAX), min_size=1, max_size=6))),
        clocks_off_ns=draw(st.tuples(off_ns, off_ns)),
        clock_error_ns=clock_error_ns,
        sweep_us=draw(st.integers(0, 20_000)),
    )


def histories(packets_max: int = 3, people: int = 8, visits_max: int = 12) -> SearchStrategy[Rows]:
    """The history and the evidence of a night that a correct system lived through: no invariant may accuse them.

    Some operations have no answer, done or not; some are tried again under their key, some refused. Rows by canonical
    table; `invariants.tables.connect` makes a database of them.
    """
    return nights(packets_max, people, visits_max).map(play)


def fault_plans(
    points: int = 200, faults_max: int = 3, kinds: Sequence[str] = FAULTS
) -> SearchStrategy[tuple[Fault, ...]]:
    """Up to `faults_max` faults at different ones of the first `points` calls, in their order."""
    plans = st.lists(_faults(points, kinds), max_size=faults_max, unique_by=lambda fault: fault.point)
    return plans.map(lambda faults: tuple(sorted(faults, key=lambda fault: fault.point)))


# --- what things are called -------------------------------------------------------------------------------------------


def people() -> SearchStrategy[int]:
    """Numbers of people: 1 to 2^53."""
    return _ends(1, PERSON_MAX)


def identifiers(length_max: int = 40) -> SearchStrategy[str]:
    """Ids as systems give them: letters, digits and hyphens."""
    return st.text(_WORD, min_size=1, max_size=length_max)


def keys(length_max: int = 64) -> SearchStrategy[str]:
    """Idempotency keys: visible ASCII without a space, as a header can carry it."""
    return st.text(_VISIBLE, min_size=1, max_size=length_max)


def days() -> SearchStrategy[date]:
    """Days of the calendar; the ends of months, where day tables turn over, are likely."""
    ends = st.builds(_turn_of_month, st.integers(2015, 2100), st.integers(1, 12), st.integers(-2, 2))
    return st.one_of(ends, st.dates(date(2015, 1, 1), date(2100, 12, 31)))


def order_numbers() -> SearchStrategy[OrderNumber]:
    """Order numbers of awards; no component contains a `_` (mechanism B06)."""
    return st.builds(
        OrderNumber,
        act_id=people(),
        scene_id=identifiers(12),
        rain_id=_ends(0, INT32_MAX),
        award_type=identifiers(12),
        stage=st.sampled_from(STAGES),
    )


@st.composite
def tokens(draw: DrawFn) -> dict[str, int | str]:
    """The fields of a rain token (mechanism B08), by the names of its protobuf; its order number fits them."""
    order = draw(order_numbers())
    return {
        "AppID": draw(st.integers(1, 8)),
        "ActID": order.act_id,
        "ActivityID": draw(identifiers(12)),
        "SceneID": order.scene_id,
        "Amount": draw(_ends(1, INT64_MAX)),
        "OutTradeNo": str(order),
        "OpenTime": draw(_ends(0, INT64_MAX)),
        "RainID": order.rain_id,
        "Status": draw(st.integers(0, 3)),
    }


# --- parts ------------------------------------------------------------------------------------------------------------


@st.composite
def _ends(draw: DrawFn, least: int, most: int) -> int:
    """Integers of a range of which either end is likely. Both draws are always made, so that the upper end shrinks."""
    at_the_top, between = draw(st.sampled_from([False, False, False, True])), draw(st.integers(least, most))
    return most if at_the_top else between


def _sendings(people: int) -> SearchStrategy[Sending]:
    return st.builds(
        Sending,
        packet=packets(shares_max=5),
        sender=st.integers(1, people),
        at_us=st.integers(0, 30_000),
        lifetime_us=st.sampled_from([LONG_US, 5_000, 15_000, 40_000]),
        behaviour=st.sampled_from(["plain", "plain", "plain", *SENDINGS]),
        tag=st.booleans(),
    )


def _visits(sendings: int, people: int) -> SearchStrategy[Visit]:
    way_us = st.integers(0, 5_000)
    return st.builds(
        Visit,
        sending=st.integers(0, sendings - 1),
        person=st.integers(1, people),
        after_us=st.integers(0, 40_000),
        behaviour=st.sampled_from(["open", "grab_and_open", *VISITS]),
        out_us=way_us,
        back_us=way_us,
        pause_us=st.integers(0, 8_000),
    )


@st.composite
def _faults(draw: DrawFn, points: int, kinds: Sequence[str]) -> Fault:
    kind, point = draw(st.sampled_from(kinds)), draw(st.integers(0, points - 1))
    if kind == "delay":
        return Fault(kind, point, draw(st.integers(1, 1_000_000)))
    if kind == "clock":
        return Fault(kind, point, draw(st.integers(-10_000_000, 10_000_000).filter(bool)))
    return Fault(kind, point)


def _turn_of_month(year: int, month: int, off: int) -> date:
    """The first day of a month, or one near it."""
    return date.fromordinal(date(year, month, 1).toordinal() + off)
