from functools import cache

import sqlalchemy as sa

from reference_impl.mutants import Mutant
from reference_impl.stores.wallet_tables import WalletTables
from reference_impl.wallet import coupons


@cache
def _in_this_app(tables: WalletTables) -> sa.Update:
    c = tables.coupons.c
    return (
        sa.update(tables.coupons)
        .where(c.coupon == sa.bindparam("number"), sa.or_(c.used == 0, c.used_app != sa.bindparam("in_app")))
        .values(used=c.used + 1, used_key=sa.bindparam("key"), used_app=sa.bindparam("in_app"))
    )


def _plant() -> None:
    coupons._use = _in_this_app


MUTANT = Mutant(
    name="used_once_an_app",
    caught_by="coupon_used_once",
    summary="a coupon is looked up as used in the app that asks: another app uses it again",
    seen_in="rewards that several apps redeem, each with a mark of its own",
    plant=_plant,
    world="coupon",
    row="B24",
)
