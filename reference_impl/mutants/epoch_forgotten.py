from reference_impl.mutants import Mutant
from reference_impl.packets import numbers


def _always_the_same(self: numbers.Numbers, tagged: bool) -> numbers._Block:
    return numbers._Block(1, first=1, last=0)


def _plant() -> None:
    numbers.Numbers._new_epoch = _always_the_same


MUTANT = Mutant(
    name="epoch_forgotten",
    row="W16",
    caught_by="ids_unique",
    summary="numbers come from the cache's counter alone: a cache that lost everything gives them a second time",
    seen_in="order numbers made with a bare Redis INCR",
    plant=_plant,
    world="numbers",
)
