from reference_impl.domain.errors import Refused
from reference_impl.mutants import Mutant
from reference_impl.packets import fallback
from reference_impl.system import System

_guard = fallback.guard


def _nothing_left(system: System, cache_answers: bool) -> None:
    try:
        _guard(system, cache_answers)
    except Refused:
        raise Refused("sold_out") from None


def _plant() -> None:
    fallback.guard = _nothing_left


MUTANT = Mutant(
    name="limited_is_sold_out",
    caught_by="sold_out_is_final",
    summary="while the cache is down, grabs that the database's guard turns away are told that it is sold out (W17)",
    seen_in="fallbacks of circuit breakers that answer with an empty result instead of an error",
    plant=_plant,
    world="cache_down",
    row="W17",
)
