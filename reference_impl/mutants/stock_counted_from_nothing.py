from reference_impl.mutants import Mutant, units_forgotten
from reference_impl.wallet import stock


def _from_nothing(self: stock.Stock, template: str, stage: str, shard: int, tagged: bool) -> None:
    for part in self._parts_of(shard):
        self._client.setnx(stock.stock_key(template, stage, part, tagged), 0)


def _plant() -> None:
    units_forgotten.plant()
    stock.Stock._restore = _from_nothing


MUTANT = Mutant(
    name="stock_counted_from_nothing",
    caught_by="coupon_stock",
    summary="a Redis that lost its counts counts from nothing, and no row says what was given before",
    seen_in="flash-sale code whose stock is a key of Redis and nothing else",
    plant=_plant,
    world="coupon",
    row="B12",
)
