from reference_impl.mutants import Mutant
from reference_impl.system import System
from reference_impl.wallet import playing, plays
from reference_impl.wallet.desk import Desk
from reference_impl.wallet.playing import Played
from reference_impl.wallet.plays import Play

_give = playing.give


def _settled_first(system: System, desk: Desk, standing: Play) -> Played:
    if standing.state != plays.GIVEN:
        plays.settle(desk, standing, plays.GIVEN)
    return _give(system, desk, standing)


def _plant() -> None:
    playing.give = _settled_first


MUTANT = Mutant(
    name="given_before_awarded",
    caught_by="plays_awarded",
    summary="a play is noted as given before its award is asked for: what is cut off in between nobody goes on with",
    seen_in="status = SUCCESS, then the call to the payment service",
    plant=_plant,
    world="games",
    row="B02",
)
