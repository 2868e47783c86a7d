from collections.abc import Sequence

from reference_impl.domain.packet import Voucher
from reference_impl.ledger import ledger
from reference_impl.mutants import Mutant


def _only_where_people_are(self: ledger.Ledger, sender: int, vouchers: Sequence[Voucher], tagged: bool) -> None:
    home = self.shard(sender)
    for store, arriving in ledger._by_shard(self, vouchers):
        make = (lambda v: ledger._leaving(v, True)) if store is home else ledger._arriving
        self._credit_leg(store, tagged, arriving, make)


def _plant() -> None:
    ledger.Ledger.credit = _only_where_people_are


MUTANT = Mutant(
    name="arrives_without_leaving",
    row="W06",
    caught_by="conservation",
    summary="money that crosses to another ledger shard arrives there and never leaves the packet's escrow",
    seen_in="sharded ledgers whose transfer is two statements in two databases, of which one was forgotten",
    plant=_plant,
    world="credit",
)
