from contextlib import suppress
from typing import Any

import sqlalchemy as sa

from reference_impl.mutants import Mutant
from reference_impl.wallet import plays
from reference_impl.wallet.desk import Desk
from reference_impl.wallet.plays import Play

_record = plays.record


def _never_found(*_: Any) -> None:
    return None


def _recorded_if_new(desk: Desk, play: Play) -> Play:
    with suppress(sa.exc.IntegrityError):
        _record(desk, play)
    return play


def _plant() -> None:
    plays.find = _never_found
    plays.record = _recorded_if_new


MUTANT = Mutant(
    name="decided_anew",
    caught_by="plays_awarded",
    summary="a play that is asked for again is decided again, and what comes out is awarded beside the record",
    seen_in="lotteries that draw in the request's handler and write the result for statistics",
    plant=_plant,
    world="games",
    row="B02",
)
