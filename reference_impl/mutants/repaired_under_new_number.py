from reference_impl.mutants import Mutant
from reference_impl.reconcile import awards
from reference_impl.reconcile.report import Report
from reference_impl.system import System
from reference_impl.wallet import crediting


def _anew(system: System, since_us: int, until_us: int) -> Report:
    examined = 0
    for desk, store, tagged in awards._places(system):
        waiting = awards._waiting(store, tagged, until_us)
        examined += len(waiting)
        orders = [award.number._replace(rain=f"{award.number.rain}-again") for award in waiting]
        anew = [award._replace(order=str(order)) for award, order in zip(waiting, orders, strict=True)]
        if anew:
            crediting.credit(system, desk, anew, tagged)
        for award in waiting:
            awards.finish(desk, award.number)
    return Report(examined, examined, examined)


def _plant() -> None:
    awards.reconcile = _anew


MUTANT = Mutant(
    name="repaired_under_new_number",
    caught_by="no_lost_award",
    summary="reconciliation credits what is missing under an order number of its own: late credits come a second time",
    seen_in="repair scripts that make a new payment instead of finishing the one that hangs",
    plant=_plant,
    world="dependencies",
    row="B14",
)
