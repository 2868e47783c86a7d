from reference_impl.domain.orders import OrderNumber
from reference_impl.ledger.awards import Award
from reference_impl.mutants import Mutant
from reference_impl.reconcile import awards
from reference_impl.reconcile.report import Report
from reference_impl.system import System
from reference_impl.wallet import award as awarding
from reference_impl.wallet.desk import Desk


def _nobody_looks(system: System, since_us: int, until_us: int) -> Report:
    return Report()


def _none(system: System, since_us: int, until_us: int) -> int:
    return 0


def _later(system: System, desk: Desk, order: OrderNumber, made: Award) -> bool:
    return False


def _plant() -> None:
    awards.reconcile = _nobody_looks
    awards.count_missing = _none
    awarding._credited = _later


MUTANT = Mutant(
    name="award_forgotten",
    caught_by="no_lost_award",
    summary="an award is acknowledged with its order row, and nothing ever credits it",
    seen_in="orders left in 'processing' that no job picks up",
    plant=_plant,
    world="rain",
    row="B04",
)
