"""Payments ↔ packets: a payment whose packet row was lost in a crash is rebuilt or returned (Money rule 1).

A tombstone is not the end: a crash may lie between it and the return, so that a payment is finished only when that is
posted.
"""

from collections.abc import Iterator

from reference_impl.domain.identifiers import parse_packet_id
from reference_impl.domain.packet import Order
from reference_impl.packets import cold, rows
from reference_impl.packets.pay import settle_payment
from reference_impl.reconcile.report import Report
from reference_impl.system import System


def reconcile(system: System, since_us: int, until_us: int) -> Report:
    """Finish every payment made between two moments that has no packet, or a tombstone and its money not back."""
    examined = missing = 0
    for order in _payments(system, since_us, until_us):
        examined += 1
        if _is_unfinished(system, order):
            missing += 1
            settle_payment(system, order, parse_packet_id(order.packet), system.runtime.now_us())
    return Report(examined, missing, repaired=missing)


def count_missing(system: System, since_us: int, until_us: int) -> int:
    """How many payments are unfinished."""
    return sum(_is_unfinished(system, order) for order in _payments(system, since_us, until_us))


def _payments(system: System, since_us: int, until_us: int) -> Iterator[Order]:
    """Those of the regions served here: the ledger is shared with the others (W01)."""
    for store in system.ledger.stores:
        for order in system.ledger.paid_since(store, since_us, until_us):
            if parse_packet_id(order.packet).region in system.settings.regions_served:
                yield order


def _is_unfinished(system: System, order: Order) -> bool:
    at = parse_packet_id(order.packet)
    hot = system.orders[at.region, at.shard].read(lambda connection: rows.read_packet(connection, at))
    packet = hot or cold.find(system, at)
    return packet is None or (packet.state == "void" and not system.ledger.is_given_back(order, at.tagged))
