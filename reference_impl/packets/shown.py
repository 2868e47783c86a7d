"""What the details of every packet say, as rows that can be compared with the orders."""

import logging
from collections.abc import Iterator
from itertools import chain

import msgspec
import sqlalchemy as sa

from reference_impl.domain.identifiers import parse_packet_id
from reference_impl.packets import details
from reference_impl.system import System

log = logging.getLogger(__name__)
_PACKETS = sa.text("SELECT packet FROM all_packets ORDER BY packet")


class ViewRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the canonical table `cache_view`."""

    view: str = "details"
    packet: str
    person: int | None = None
    state: str | None = None
    amount_fen: int | None = None
    sequence: int | None = None
    tag: bool


def rows_of_details(system: System) -> Iterator[ViewRow]:
    """The details of each packet that this process serves, hot or cold, as anybody who asks is answered; no row where
    they cannot be had."""
    stores = (*system.orders.values(), *system.cold.values())
    packets = (store.read(lambda connection: list(connection.execute(_PACKETS).scalars())) for store in stores)
    for packet in dict.fromkeys(chain.from_iterable(packets)):
        yield from _rows(system, packet)


def _rows(system: System, packet: str) -> Iterator[ViewRow]:
    at = parse_packet_id(packet)
    try:
        page = details.details(system, at)
    except Exception:  # as the API does: whatever goes wrong, who asks gets no page
        log.exception("the details of packet %s", packet)
        return
    yield ViewRow(packet=page.packet, state=page.state, tag=at.tagged)
    for one in page.opens:
        yield ViewRow(
            packet=page.packet, person=one.person, amount_fen=one.amount_fen, sequence=one.sequence, tag=at.tagged
        )
