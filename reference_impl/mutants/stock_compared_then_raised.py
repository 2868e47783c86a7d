from reference_impl.domain.coupons import prepared, quota
from reference_impl.domain.scenes import Scene
from reference_impl.mutants import Mutant, units_forgotten
from reference_impl.wallet import stock


def _take(self: stock.Stock, scene: Scene, stage: str, act: int, tagged: bool, *, spares: bool) -> stock.Unit | None:
    shard = act % len(self._stores)
    for part, count in self._counts(scene.id, stage, shard, tagged).items():
        if count < quota(prepared(scene.stock), part, self.parts):
            return stock.Unit(part, int(self._client.incr(stock.stock_key(scene.id, stage, part, tagged))))
    return None


def _plant() -> None:
    units_forgotten.plant()
    stock.Stock.take = _take


MUTANT = Mutant(
    name="stock_compared_then_raised",
    caught_by="coupon_stock",
    summary="the count is read, compared with the stock and then raised; what raising answers is not looked at",
    seen_in="coupon services that GET, compare and INCR",
    plant=_plant,
    world="coupon",
    row="B12",
)
