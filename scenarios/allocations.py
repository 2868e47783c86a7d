"""Allocation functions for `rainproof prove`: that of the reference implementation, and its mutants."""

from types import ModuleType

from harness.prove import Allocation
from reference_impl.domain.allocation import lucky_fen
from reference_impl.mutants import (
    cap_forgotten,
    clamped_to_upper,
    divide_before_doubling,
    doubled_in_32_bits,
    equal_in_disguise,
    first_takes_most,
    float_money,
    last_share_drawn,
    limit_hard_coded,
    lowest_never_given,
    mod_without_floor,
    nothing_left,
    rand_max_bias,
    range_one_too_large,
    reserve_forgotten,
    rest_too_large,
    uniform_from_lower,
)

_MUTANTS = (
    mod_without_floor,
    float_money,
    range_one_too_large,
    cap_forgotten,
    rest_too_large,
    last_share_drawn,
    first_takes_most,
    nothing_left,
    reserve_forgotten,
    limit_hard_coded,
    doubled_in_32_bits,
    divide_before_doubling,
    lowest_never_given,
    equal_in_disguise,
    uniform_from_lower,
    rand_max_bias,
    clamped_to_upper,
)


def catalogue() -> dict[str, Allocation]:
    """The function by its name, its mutants by theirs."""
    return {"lucky_fen": Allocation("lucky_fen", lucky_fen)} | {file.MUTANT.name: _mutant(file) for file in _MUTANTS}


def _mutant(file: ModuleType) -> Allocation:
    return Allocation(file.MUTANT.name, file.lucky_fen, file.MUTANT.caught_by)
