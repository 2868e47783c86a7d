import msgspec

from reference_impl.mutants import Mutant
from reference_impl.system import System
from reference_impl.wallet import playing
from reference_impl.wallet.award import AwardRequest, Given, award
from reference_impl.wallet.desk import Desk


def _under_new_number(system: System, desk: Desk, request: AwardRequest) -> Given:
    return award(system, desk, msgspec.structs.replace(request, rain=str(system.runtime.draw() % 10**9)))


def _plant() -> None:
    playing.award = _under_new_number


MUTANT = Mutant(
    name="award_number_a_try",
    caught_by="plays_awarded",
    summary="a game asks for a play's award under a number made for the request, not for the occurrence",
    seen_in="out_trade_no = uuid4() in the function that is tried again",
    plant=_plant,
    world="games",
    row="B02",
)
