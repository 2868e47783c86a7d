import secrets

from reference_impl.domain.packet import Voucher
from reference_impl.ledger import books, ledger
from reference_impl.mutants import Mutant
from reference_impl.mutants.weather import every_message_twice

_credit_entry = ledger._credit_entry


def _under_a_new_key(voucher: Voucher, source: books.Account, target: books.Account) -> books.Entry:
    entry = _credit_entry(voucher, source, target)
    return entry._replace(key=f"{entry.key}:{secrets.token_hex(4)}")


def _plant() -> None:
    ledger._credit_entry = _under_a_new_key


MUTANT = Mutant(
    name="credit_without_key",
    caught_by="exactly_once_credit",
    summary="each delivery of a message credits under a key of its own, so that a second delivery pays a second time",
    seen_in="consumers that call 'add to balance' for every message of an at-least-once queue",
    plant=_plant,
    weather=every_message_twice,
)
