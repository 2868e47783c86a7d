"""Vouchers ↔ ledger: a voucher whose money never arrived is credited, under the same key as by any other path (W06).

While operators have crediting wait (W19), this is the batch that credits whatever was opened.
"""

import logging
from collections import defaultdict
from collections.abc import Iterator
from functools import partial

from reference_impl.domain.identifiers import is_tagged
from reference_impl.domain.packet import Voucher
from reference_impl.packets import crediting, rows
from reference_impl.reconcile.report import Report
from reference_impl.stores.stream import Debt
from reference_impl.system import System

log = logging.getLogger(__name__)
CHUNK = 500


def reconcile(system: System, since_us: int, until_us: int) -> Report:
    """Credit every voucher made between two moments whose money has not arrived."""
    total = Report()
    for vouchers, tagged in _chunks(system, since_us, until_us):
        missing = _missing(system, vouchers, tagged)
        total += Report(len(vouchers), len(missing), _credit(system, missing, tagged))
    return total


def count_missing(system: System, since_us: int, until_us: int) -> int:
    """How many vouchers' money has not arrived."""
    return sum(len(_missing(system, vouchers, tagged)) for vouchers, tagged in _chunks(system, since_us, until_us))


def _chunks(system: System, since_us: int, until_us: int) -> Iterator[tuple[list[tuple[Voucher, int]], bool]]:
    """Vouchers with their senders, some hundred at a time, and whether they are tagged; from the start: of every day.

    What is cold has been credited (Money rule 7).
    """
    for store, tables in system.hot_tables() if since_us else system.day_tables():
        found = store.read(partial(rows.vouchers_between, tables=tables, since_us=since_us, until_us=until_us))
        for tagged in system.sides():
            of_side = [made for made in found if is_tagged(made[0].packet) == tagged]
            for start in range(0, len(of_side), CHUNK):
                yield of_side[start : start + CHUNK], tagged


def _missing(system: System, vouchers: list[tuple[Voucher, int]], tagged: bool) -> list[tuple[Voucher, int]]:
    credited = system.ledger.credited((voucher for voucher, _ in vouchers), tagged)
    return [(voucher, sender) for voucher, sender in vouchers if voucher.voucher not in credited]


def _credit(system: System, missing: list[tuple[Voucher, int]], tagged: bool) -> int:
    by_sender: dict[int, list[Voucher]] = defaultdict(list)
    for voucher, sender in missing:
        by_sender[sender].append(voucher)
    repaired, path = 0, "batch" if crediting.levels(system).later else "reconciliation"
    for sender, vouchers in by_sender.items():
        try:
            crediting.count(system, path, crediting.credit(system, Debt(sender, vouchers), tagged))
            repaired += len(vouchers)
        except crediting.FAILURES as error:
            log.error("%d vouchers of packets of %d cannot be credited: %s", len(vouchers), sender, error)
    return repaired
