"""Withdrawals ↔ bank: money in transit is settled by the bank's own word (B23)."""

from collections.abc import Iterator

from reference_impl.domain.acts import is_tagged_act
from reference_impl.ledger import payouts
from reference_impl.reconcile.report import Report
from reference_impl.system import System
from reference_impl.wallet.withdrawal import Withdrawal, open_before, settle


def reconcile(system: System, since_us: int, until_us: int) -> Report:
    """Ask the bank about every withdrawal without an answer, and call off those for which no money was set aside."""
    examined = repaired = 0
    for asked in _open(system, until_us):
        examined += 1
        repaired += _finish(system, asked)
    return Report(examined, examined, repaired)


def count_missing(system: System, since_us: int, until_us: int) -> int:
    """How many withdrawals the bank has not answered."""
    return sum(1 for _ in _open(system, until_us))


def _open(system: System, until_us: int) -> Iterator[Withdrawal]:
    if system.desk is not None:
        for tagged in system.sides():
            yield from open_before(system.desk, until_us, tagged)


def _finish(system: System, asked: Withdrawal) -> bool:
    desk = system.desk
    if desk is None:
        return False
    tagged = is_tagged_act(asked.act)
    if payouts.call_off(system.ledger, asked.act, asked.withdrawal, tagged):
        return settle(system, desk, asked, "refused", moved=False).state != asked.state
    return settle(system, desk, asked, desk.bank.ask(asked.withdrawal, tagged)).state != asked.state
