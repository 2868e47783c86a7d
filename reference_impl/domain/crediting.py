"""By which way a voucher's money is credited: with its open, by the stream, or later in a batch from vouchers (W19)."""

from collections.abc import Sequence
from typing import NamedTuple

from reference_impl.domain.packet import Voucher


class Levels(NamedTuple):
    """What operators have set. `large_fen`: from here on an amount is large."""

    large_now: bool = False
    later: bool = False
    large_fen: int = 0


def due_now(opened: Sequence[Voucher], levels: Levels) -> list[Voucher]:
    """Those whose open credits them itself; `later` is above everything."""
    if levels.later or not levels.large_now:
        return []
    return [voucher for voucher in opened if voucher.amount_fen >= levels.large_fen]


def due_by_stream(owed: Sequence[Voucher], now: Sequence[Voucher], levels: Levels) -> list[Voucher]:
    """Of one packet, those that the stream carries to the ledger: all but those due now,
    or none while a batch is to credit them."""
    if levels.later:
        return []
    by_open = {voucher.sequence for voucher in now}
    return [voucher for voucher in owed if voucher.sequence not in by_open]
