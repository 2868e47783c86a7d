from collections.abc import Sequence

import msgspec

from reference_impl.domain.packet import Voucher
from reference_impl.ledger.ledger import Ledger
from reference_impl.mutants import Mutant

_credit = Ledger.credit


def _to_the_sender(self: Ledger, sender: int, vouchers: Sequence[Voucher], tagged: bool) -> None:
    _credit(self, sender, [msgspec.structs.replace(voucher, person=sender) for voucher in vouchers], tagged)


def _plant() -> None:
    Ledger.credit = _to_the_sender


MUTANT = Mutant(
    name="credit_to_sender",
    row="W06",
    caught_by="exactly_once_credit",
    summary="a voucher's money goes to the packet's sender and not to the person who opened it",
    seen_in="flash-sale and red-packet demos that mix up the user of the order with the user of the record",
    plant=_plant,
    world="credit",
)
