"""A night as plain data, and what a correct system makes of it: `play(night)` gives the history and the evidence.

A plan says who sends which packet, who comes to it when and how each attempt fares; it knows nothing of HTTP.
"""

from collections.abc import Callable, Iterator
from functools import partial
from itertools import cycle
from typing import Final, NamedTuple

from msgspec import Struct

from invariants.legal import LONG_US, LegalSystem, Rows, Trip

TAGGED_FROM: Final = 1_000_000_000
"""Ids of tagged people begin here: nobody is on both sides."""


class Packet(Struct, frozen=True):
    """What a sender asks for: `total_fen` in `shares` shares, lucky or equal."""

    total_fen: int
    shares: int
    kind: str


class Sending(Struct, frozen=True):
    """A packet on its way into the world: `behaviour` is of SENDINGS, `at_us` counts from the night's beginning."""

    packet: Packet
    sender: int
    at_us: int
    lifetime_us: int
    behaviour: str = "plain"
    tag: bool = False


class Visit(Struct, frozen=True):
    """A person who comes to the packet of `sendings[sending]`, `after_us` after it was paid. `behaviour`: of VISITS.

    An attempt takes `out_us` to the system and `back_us` from it; between two attempts lie `pause_us`.
    """

    sending: int
    person: int
    after_us: int
    behaviour: str = "open"
    out_us: int = 500
    back_us: int = 500
    pause_us: int = 2_000


class Night(Struct, frozen=True):
    """A plan. `lots` are drawn one after another, and again from the first, to divide lucky packets.

    `clocks_off_ns`: how far the clock of each of the generator's workers is off, at most `clock_error_ns`.
    """

    sendings: tuple[Sending, ...]
    visits: tuple[Visit, ...] = ()
    lots: tuple[int, ...] = (0,)
    clocks_off_ns: tuple[int, ...] = (0,)
    clock_error_ns: int = 0
    sweep_us: int = 0
    """How long after its last moment the sweeper comes to a packet; to one that lives a day not this night."""


class Attempt(NamedTuple):
    """`key` tells intents apart: attempts with the same one are the same intent. `turn`: after how many pauses."""

    operation: str
    fate: str = "answered"
    turn: int = 0
    key: str = "a"


SENDINGS: Final = {
    "plain": (Attempt("fund"), Attempt("send", turn=1), Attempt("pay", turn=2)),
    "twice": (
        Attempt("fund"), Attempt("send", turn=1), Attempt("send", turn=1), Attempt("pay", turn=2),
        Attempt("pay", turn=2),
    ),
    "retried": (
        Attempt("fund", "lost"), Attempt("fund", turn=1), Attempt("send", "lost", 2), Attempt("send", turn=3),
        Attempt("pay", "lost", 4), Attempt("pay", turn=5),
    ),
    "pay_lost": (Attempt("fund"), Attempt("send", turn=1), Attempt("pay", "lost", 2)),
    "pay_dropped": (Attempt("fund"), Attempt("send", turn=1), Attempt("pay", "dropped", 2)),
    "unpaid": (Attempt("fund"), Attempt("send", turn=1)),
    "penniless": (Attempt("send", turn=1), Attempt("pay", turn=2)),
    "returned": (
        Attempt("fund"), Attempt("send", turn=1), Attempt("pay", "lost", 2), Attempt("give_back", turn=3),
        Attempt("pay", turn=4),
    ),
}  # fmt: skip
"""How a packet is sent: by name, the attempts at funding, sending and paying it."""

VISITS: Final = {
    "open": (Attempt("open"),),
    "grab_and_open": (Attempt("grab"), Attempt("open", turn=1)),
    "double_tap": (Attempt("open"), Attempt("open")),
    "two_intents": (Attempt("open"), Attempt("open", key="b")),
    "again": (Attempt("open"), Attempt("open", turn=1, key="b")),
    "retry_lost": (Attempt("open", "lost"), Attempt("open", turn=1)),
    "retry_dropped": (Attempt("open", "dropped"), Attempt("open", turn=1)),
    "retry_answered": (Attempt("open"), Attempt("open", turn=1)),
    "lost": (Attempt("open", "lost"),),
    "dropped": (Attempt("open", "dropped"),),
    "look": (Attempt("details"),),
}
"""How a person behaves who comes to a packet: by name, the attempts."""

_SENDING_PAUSE_US: Final = 2_000
_SENDING_TRIP_US: Final = 500


class _Event(NamedTuple):
    """Something that reaches the system, or happens in it, at a moment."""

    at_us: int
    happen: Callable[[], object]


def play(night: Night) -> Rows:
    """The canonical tables after a correct system has lived through the night; the same for the same plan."""
    return _Play(night).rows()


class _Play:
    """One performance: who is told which packet id."""

    def __init__(self, night: Night) -> None:
        self._night = night
        lots = cycle(night.lots)
        clocks = {f"w{number}": off_ns for number, off_ns in enumerate(night.clocks_off_ns)}
        self._system = LegalSystem(lambda below: next(lots) % below, clocks, night.clock_error_ns)
        self._began_us = self._system.true_ns // 1_000
        self._packets: dict[int, str] = {}

    def rows(self) -> Rows:
        for event in sorted(self._events(), key=lambda event: event.at_us):
            event.happen()
        self._system.finish()
        return self._system.rows

    def _events(self) -> Iterator[_Event]:
        for number, sending in enumerate(self._night.sendings):
            yield from self._sending_events(number, sending)
            if sending.lifetime_us < LONG_US:
                yield self._sweep_event(number, sending)
        for number, visit in enumerate(self._night.visits):
            yield from self._visit_events(number, visit)

    def _sweep_event(self, number: int, sending: Sending) -> _Event:
        now_us = self._paid_us(sending) + sending.lifetime_us + self._night.sweep_us
        return _Event(now_us, lambda: self._system.refund(self._packets[number], now_us))

    def _sending_events(self, number: int, sending: Sending) -> Iterator[_Event]:
        for attempt in SENDINGS[sending.behaviour]:
            sent_us = self._began_us + sending.at_us + attempt.turn * _SENDING_PAUSE_US
            trip = self._trip(sending.sender, sent_us, _SENDING_TRIP_US, _SENDING_TRIP_US, attempt.fate)
            yield _Event(
                trip.arrive_ns // 1_000,
                partial(self._send, number, sending, attempt, trip),
            )

    def _visit_events(self, number: int, visit: Visit) -> Iterator[_Event]:
        come_us = self._paid_us(self._night.sendings[visit.sending]) + visit.after_us
        for attempt in VISITS[visit.behaviour]:
            sent_us = come_us + attempt.turn * visit.pause_us
            trip = self._trip(visit.person, sent_us, visit.out_us, visit.back_us, attempt.fate)
            yield _Event(
                trip.arrive_ns // 1_000,
                partial(self._visit, number, visit, attempt, trip),
            )

    def _send(self, number: int, sending: Sending, attempt: Attempt, trip: Trip) -> None:
        system, packet, tag = self._system, sending.packet, sending.tag
        sender, key = _name(sending.sender, tag), f"{attempt.operation}-{number}"
        match attempt.operation:
            case "fund":
                system.fund(sender, packet.total_fen, tag, key, trip)
            case "send":
                terms = (packet.total_fen, packet.shares, packet.kind, sending.lifetime_us, tag)
                row = system.send(sender, *terms, key=key, trip=trip)
                self._packets[number] = row.get("subject") or self._packets.get(number, "")
            case "pay":
                system.pay(self._packets[number], key, trip)
            case "give_back":
                system.give_back(self._packets[number])

    def _visit(self, number: int, visit: Visit, attempt: Attempt, trip: Trip) -> None:
        system, packet = self._system, self._packets[visit.sending]
        person, key = _name(visit.person, self._night.sendings[visit.sending].tag), f"visit-{number}-{attempt.key}"
        match attempt.operation:
            case "open":
                system.open(packet, person, key, trip)
            case "grab":
                system.grab(packet, person, f"{key}-grab", trip)
            case "details":
                system.look(packet, person, trip)

    def _paid_us(self, sending: Sending) -> int:
        turns = max(attempt.turn for attempt in SENDINGS[sending.behaviour])
        return self._began_us + sending.at_us + turns * _SENDING_PAUSE_US + _SENDING_TRIP_US

    def _trip(self, person: int, sent_us: int, out_us: int, back_us: int, fate: str) -> Trip:
        worker = f"w{person % len(self._night.clocks_off_ns)}"
        sent_ns, arrive_us = sent_us * 1_000, sent_us + out_us
        return Trip(sent_ns, arrive_us * 1_000, (arrive_us + back_us) * 1_000, fate, worker)


def _name(person: int, tag: bool) -> str:
    return str(person + TAGGED_FROM if tag else person)
