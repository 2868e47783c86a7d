from collections.abc import Sequence

from reference_impl.domain.packet import Packet
from reference_impl.mutants import Mutant
from reference_impl.packets import cooling
from reference_impl.packets.cooling import Place, Whole
from reference_impl.reconcile import cold, vouchers
from reference_impl.reconcile.report import Report
from reference_impl.system import System


def _whatever_they_owe(system: System, place: Place, packets: Sequence[Packet]) -> list[Whole]:
    owed = place.hot.read(lambda connection: cooling._vouchers(connection, place.tables, packets))
    return [Whole(packet, owed[packet.packet]) for packet in packets]


def _archive_first(system: System, since_us: int, until_us: int) -> Report:
    cold.reconcile(system, since_us, until_us)
    return _reconcile(system, since_us, until_us)


_reconcile = vouchers.reconcile


def _plant() -> None:
    cooling._settled = _whatever_they_owe
    vouchers.reconcile = _archive_first


MUTANT = Mutant(
    name="cooled_unsettled",
    caught_by="exactly_once_credit",
    summary="a day's table is cleared by its date alone: vouchers whose money has not arrived leave with it (W14)",
    seen_in="archive jobs that select by creation date, beside a reconciliation that reads the live tables only",
    plant=_plant,
    world="day_rotation",
    row="W14",
)
