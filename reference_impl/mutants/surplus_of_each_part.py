from reference_impl.mutants import Mutant
from reference_impl.wallet import stock


def _rounded_up(units: int, part: int, parts: int) -> int:
    return -(-units // parts)


def _plant() -> None:
    stock.quota = _rounded_up


MUTANT = Mutant(
    name="surplus_of_each_part",
    caught_by="coupon_stock",
    summary="the quota of each split key is rounded up: together they are more than what is prepared",
    seen_in="stock that is divided over keys with a ceiling",
    plant=_plant,
    world="coupon",
    row="B12",
)
