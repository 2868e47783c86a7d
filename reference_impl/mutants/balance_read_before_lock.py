from functools import partial

import msgspec

from reference_impl.ledger import books, merges
from reference_impl.ledger.ledger import Ledger
from reference_impl.mutants import Mutant

_move, _leave = merges.move, merges._leave


def _hasty(ledger: Ledger, act: int, into: int, tagged: bool) -> None:
    seen_fen = ledger.balance_fen(act, tagged)
    merges._leave = partial(_leave_with, seen_fen)
    try:
        _move(ledger, act, into, tagged)
    finally:
        merges._leave = _leave


def _leave_with(seen_fen, connection, store, tables, act, into):  # type: ignore[no-untyped-def]
    moved = merges.Moved(into, seen_fen)
    body = msgspec.json.encode(moved).decode()
    left = books.transfer(merges.merge_key(act), "merge", str(act), books.user(act), books.CLEARING, seen_fen, body)
    books.post(connection, store, tables, [left], store.now_us(connection))
    return moved


def _plant() -> None:
    merges.move = _hasty


MUTANT = Mutant(
    name="balance_read_before_lock",
    caught_by="merge_preserves",
    summary="a merge reads the balance first and locks the account then: what is credited in between stays behind",
    seen_in="account merges that read a balance from a replica or a cache and then move that amount",
    plant=_plant,
    world="merge",
    row="B01",
)
