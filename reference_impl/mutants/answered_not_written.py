from collections.abc import Sequence
from typing import Any

from reference_impl.domain.identifiers import PacketId
from reference_impl.domain.packet import Voucher
from reference_impl.mutants import Mutant
from reference_impl.packets import rows

_insert_vouchers = rows.insert_vouchers


def _all_but_the_last(connection: Any, store: Any, made: Sequence[Voucher], at: PacketId) -> None:
    written = made[:-1] if len(made) > 1 else made
    _insert_vouchers(connection, store, written, at)


def _plant() -> None:
    rows.insert_vouchers = _all_but_the_last


MUTANT = Mutant(
    name="answered_not_written",
    row="W11",
    caught_by="no_lost_acknowledgement",
    summary="the last share of a batch is answered and not written",
    seen_in="batch writers with an index one too small, and stores that pop from Redis and lose the database write",
    plant=_plant,
    world="hot_packet",
)
