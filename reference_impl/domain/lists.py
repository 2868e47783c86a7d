"""What belongs into people's lists, and how far a screen of them reaches (W02, W20)."""

from collections.abc import Iterable
from typing import Final, NamedTuple

import msgspec

from reference_impl.domain.errors import Refused
from reference_impl.domain.packet import REFUND_SEQUENCE, Packet, Voucher

SENT: Final = "sent"
RECEIVED: Final = "received"
SCREEN: Final = 20
"""Lines a screen."""
CACHED: Final = 2 * SCREEN
"""Lines that the cache holds of a list (W20)."""


class Line(msgspec.Struct, frozen=True, order=True):
    """A packet in a person's list: `sent` with its total, `received` with what they took. Ordered by its key."""

    person: int
    box: str
    packet: str
    amount_fen: int
    at_us: int


class Place(NamedTuple):
    """Where a line stands in its list; the newest has the greatest."""

    at_us: int
    packet: str

    def __str__(self) -> str:
        return f"{self.at_us}-{self.packet}"


class Screens(msgspec.Struct, frozen=True):
    """The newest lines of a list, newest first, and whether there are others behind them."""

    lines: list[Line]
    more: bool


class Page(msgspec.Struct, frozen=True):
    """One screen. `next`: the cursor of the one after it, if there is one; `restricted`: lists end here now (W20)."""

    person: int
    box: str
    lines: list[Line]
    next: str | None = None
    restricted: bool = False


def sent_lines(packet: Packet) -> list[Line]:
    """The line of a packet that was paid; a returned payment is none."""
    if packet.state == "void":
        return []
    return [Line(packet.sender, SENT, packet.packet, packet.total_fen, packet.paid_us)]


def received_lines(vouchers: Iterable[Voucher]) -> list[Line]:
    """A line for each open; a refund is none."""
    return [
        Line(voucher.person, RECEIVED, voucher.packet, voucher.amount_fen, voucher.made_us)
        for voucher in vouchers
        if voucher.sequence != REFUND_SEQUENCE
    ]


def place_of(cursor: str) -> Place:
    """The place that a cursor names. Raises Refused("bad_request")."""
    at_us, _, packet = cursor.partition("-")
    if not (cursor.isascii() and at_us.isdigit() and packet.isdigit() and len(cursor) <= 64):
        raise Refused("bad_request", f"cursor {cursor[:64]!r}")
    return Place(int(at_us), packet)


def standing_at(line: Line) -> Place:
    return Place(line.at_us, line.packet)


def behind(screens: Screens, place: Place | None) -> Screens:
    """What of these lines comes behind a place; all of them where there is none."""
    lines = [line for line in screens.lines if place is None or standing_at(line) < place]
    return Screens(lines, screens.more)


def is_whole(screens: Screens) -> bool:
    """Whether a screen can be made of these lines alone."""
    return len(screens.lines) >= SCREEN or not screens.more


def page_of(person: int, box: str, screens: Screens) -> Page:
    """The first screen of these lines."""
    lines = screens.lines[:SCREEN]
    goes_on = len(screens.lines) > SCREEN or screens.more
    return Page(person, box, lines, str(standing_at(lines[-1])) if goes_on and lines else None)
