from collections.abc import Sequence

from reference_impl.domain.packet import Voucher
from reference_impl.ledger import books, ledger
from reference_impl.mutants import Mutant
from reference_impl.stores.layout import ledger_tables

_credit = ledger.Ledger.credit


def _unless_it_left(self: ledger.Ledger, sender: int, vouchers: Sequence[Voucher], tagged: bool) -> None:
    tables = ledger_tables(tagged)
    keys = [ledger.credit_key(voucher.voucher) for voucher in vouchers]
    left = self.shard(sender).read(lambda connection: books.standing_entries(connection, tables, keys))
    _credit(self, sender, [v for v in vouchers if ledger.credit_key(v.voucher) not in left], tagged)


def _plant() -> None:
    ledger.Ledger.credit = _unless_it_left


MUTANT = Mutant(
    name="half_a_transfer",
    row="W06",
    caught_by="exactly_once_credit",
    summary="a credit counts as done when its money has left escrow: a crash between two shards loses the rest",
    seen_in="transfers over two databases that check for a duplicate in the first one only",
    plant=_plant,
    world="credit",
)
