from reference_impl.mutants import Mutant
from reference_impl.system import System
from reference_impl.wallet import withdrawal
from reference_impl.wallet.bank import Outcome
from reference_impl.wallet.desk import Desk
from reference_impl.wallet.withdrawal import Withdrawal

_settle = withdrawal.settle


def _money_back(system: System, desk: Desk, asked: Withdrawal, outcome: Outcome, *, moved: bool = True) -> Withdrawal:
    return _settle(system, desk, asked, "refused" if outcome == "unknown" else outcome, moved=moved)


def _plant() -> None:
    withdrawal.settle = _money_back


MUTANT = Mutant(
    name="time_out_is_refusal",
    caught_by="bank_agrees",
    summary="a bank that does not answer in time is taken to have refused: the money goes back, and the bank has paid",
    seen_in="payout code that returns the money in its exception handler",
    plant=_plant,
    world="withdrawal",
    row="B23",
)
