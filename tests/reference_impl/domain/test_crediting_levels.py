"""By which way vouchers are credited (W19): each by one way, whatever is set."""

import itertools

import pytest

from reference_impl.domain.crediting import Levels, due_by_stream, due_now
from reference_impl.domain.packet import Voucher

OWED = [Voucher("1" * 27, sequence, 7, amount_fen, 0, 1, "k") for sequence, amount_fen in enumerate((1, 9, 10, 11), 1)]


@pytest.mark.parametrize(("large_now", "later"), list(itertools.product((False, True), repeat=2)))
def test_w19_each_voucher_has_one_way(large_now: bool, later: bool) -> None:
    """Now and by stream share them out; nothing is left to the batch alone but while it is to credit all."""
    levels = Levels(large_now, later, large_fen=10)
    now = due_now(OWED, levels)
    by_stream = due_by_stream(OWED, now, levels)
    assert now == (OWED[2:] if large_now and not later else [])
    assert sorted(now + by_stream, key=lambda v: v.sequence) == ([] if later else OWED)


def test_w19_later_takes_what_is_not_yet_credited() -> None:
    """Set between the two decisions: what is due now stays so, the rest waits for the batch."""
    now = due_now(OWED, Levels(large_now=True, large_fen=10))
    assert due_by_stream(OWED, now, Levels(later=True)) == []
    assert now == OWED[2:]
