"""Coupons and pendants: under an order number one is given, once, and it is used once (B03, B12, B24).

What was answered under an order number is a row, also where it was a blessing; asking again finds it. A unit of stock
is taken before the row is written, so that a row never stands without one; a unit whose row is not written is burnt.
"""

from collections.abc import Sequence
from functools import cache
from itertools import product
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from reference_impl.domain.acts import is_tagged_act
from reference_impl.domain.coupons import Offer, is_coupon, offers
from reference_impl.domain.errors import Refused
from reference_impl.domain.orders import OrderNumber, parse_order
from reference_impl.domain.profiles import DEFAULT_BLESSING
from reference_impl.domain.scenes import Scene
from reference_impl.domain.stages import STAGES
from reference_impl.stores.cache import CacheError
from reference_impl.stores.sql import insert_into
from reference_impl.stores.wallet_tables import WalletTables, wallet_tables
from reference_impl.system import System
from reference_impl.wallet.desk import Desk
from reference_impl.wallet.identities import family as family_of
from reference_impl.wallet.stock import Counted, Unit

TRIES: Final = 4
"""So many units are tried that were given before: each count that is too old is set right by the first of them."""


class Coupon(msgspec.Struct, frozen=True):
    """What stands under an order number; without a `template` it is a blessing."""

    coupon: str
    template: str | None
    award_type: str
    used: bool


def give(
    system: System, desk: Desk, scene: Scene, order: OrderNumber, app: int, standing: Sequence[OrderNumber]
) -> Coupon:
    """Give a scene's coupon, its fallback or its blessing, or find what stands already: under the order number of
    another act_id of the person perhaps (B01).

    Raises Refused: out_of_stock, in_progress (a unit may be burnt; ask again).
    """
    before = next(filter(None, (find(desk, each) for each in standing)), None)
    if before is not None:
        return before
    blessing_only = system.controls.on("coupon_blessing")
    fallback_only = system.controls.on("coupon_fallback")
    try:
        for offer in [] if blessing_only else offers(desk.activity, scene, fallback_only=fallback_only):
            given = _offered(system, desk, offer, order, app)
            if given is not None:
                return given
    except CacheError as error:
        raise Refused("in_progress", str(order)) from error
    if not (scene.blessing or blessing_only):
        raise Refused("out_of_stock", scene.id)
    return _write(system, desk, order, None, None, app) or _stands(desk, order)


def use(system: System, desk: Desk, act: int, coupon: str, app: int, key: str) -> Coupon:
    """Use a coupon, from any app and under each act_id of its person; the same key gets the same answer (B01, B24).

    Raises Refused: unknown_coupon, not_holder, already_used.
    """
    order = _order_of(coupon)
    if order.act != act and order.act not in family_of(desk, act).acts:
        raise Refused("not_holder")
    values = {"number": coupon, "key": key, "in_app": app, "at_us": system.runtime.now_us()}
    statement = _use(wallet_tables(order.tagged))
    if desk.shard(order.act).write(lambda connection: connection.execute(statement, values).rowcount) == 0:
        _check_used_under(desk, order, key)
    return _stands(desk, order)


def find(desk: Desk, order: OrderNumber) -> Coupon | None:
    """What was given under an order number."""
    statement, values = _one(wallet_tables(order.tagged)), {"number": str(order)}
    row = desk.shard(order.act).read(lambda connection: connection.execute(statement, values).first())
    return _coupon(row) if row else None


def coupons_of(desk: Desk, acts: Sequence[int]) -> list[Coupon]:
    """Coupons and pendants of the person who has these act_ids, used or not, in the order of their numbers."""
    return sorted((each for act in acts for each in _under(desk, act)), key=lambda each: each.coupon)


def _under(desk: Desk, act: int) -> list[Coupon]:
    statement, values = _all_of(wallet_tables(is_tagged_act(act))), {"act": act}
    rows = desk.shard(act).read(lambda connection: connection.execute(statement, values).all())
    return [_coupon(row) for row in rows]


def blessing_of(desk: Desk, coupon: Coupon) -> str:
    """The blessing that was given instead of a coupon, or nothing."""
    scene = desk.activity.scene(parse_order(coupon.coupon).scene)
    return "" if coupon.template else (scene and scene.blessing) or DEFAULT_BLESSING


def stock_report(desk: Desk) -> list[Counted]:
    """Where the stock of each template stands of which anything was taken. Raises CacheError."""
    scenes = [scene for scene in desk.activity.scenes if is_coupon(scene)]
    report = (desk.stock.counted(*each) for each in product(scenes, STAGES, (False, True)))
    return [counted for counted in report if counted.taken or counted.issued]


# --- giving -----------------------------------------------------------------------------------------------------------


def _offered(system: System, desk: Desk, offer: Offer, order: OrderNumber, app: int) -> Coupon | None:
    """The offer's coupon, or what stands by now; None where its stock has none to give. Raises CacheError."""
    for _ in range(TRIES):
        unit = desk.stock.take(offer.scene, order.stage, order.act, order.tagged, spares=offer.spares)
        if unit is None:
            return None
        given = _write(system, desk, order, offer.scene, unit, app) or find(desk, order)
        if given is not None:
            return given
        desk.stock.recount(offer.scene.id, order.stage, order.act, order.tagged)
    raise Refused("in_progress", str(order))


def _write(
    system: System, desk: Desk, order: OrderNumber, template: Scene | None, unit: Unit | None, app: int
) -> Coupon | None:
    """Write what is given; None where the order number or the unit is taken."""
    row: dict[str, Any] = {
        "coupon": str(order),
        "act": order.act,
        "scene": order.scene,
        "stage": order.stage,
        "template": template.id if template else None,
        "part": unit.part if unit else None,
        "unit": unit.number if unit else None,
        "stock": template.stock if template else None,
        "award_type": template.award_type if template else order.award_type,
        "app": app,
        "given_us": system.runtime.now_us(),
        "used": 0,
    }
    tables = wallet_tables(order.tagged)
    try:
        desk.shard(order.act).write(lambda connection: connection.execute(insert_into(tables.coupons), row))
    except sa.exc.IntegrityError:
        return None
    return Coupon(row["coupon"], row["template"], row["award_type"], used=False)


# --- what stands ------------------------------------------------------------------------------------------------------


def _order_of(coupon: str) -> OrderNumber:
    try:
        return parse_order(coupon)
    except Refused:
        raise Refused("unknown_coupon", coupon[:96]) from None


def _stands(desk: Desk, order: OrderNumber) -> Coupon:
    """Raises Refused("unknown_coupon")."""
    standing = find(desk, order)
    if standing is None:
        raise Refused("unknown_coupon", str(order))
    return standing


def _check_used_under(desk: Desk, order: OrderNumber, key: str) -> None:
    """Raises Refused: unknown_coupon, also for a blessing; already_used where that was under another key."""
    statement, values = _used_key(wallet_tables(order.tagged)), {"number": str(order)}
    row = desk.shard(order.act).read(lambda connection: connection.execute(statement, values).first())
    if row is None:
        raise Refused("unknown_coupon", str(order))
    if row.used_key != key:
        raise Refused("already_used", str(order))


def _coupon(row: Any) -> Coupon:
    return Coupon(row.coupon, row.template, row.award_type, used=row.used > 0)


# Statements are built once a table: building one costs more than sending it.


def _columns(tables: WalletTables) -> sa.Select[Any]:
    c = tables.coupons.c
    return sa.select(c.coupon, c.template, c.award_type, c.used)


@cache
def _one(tables: WalletTables) -> sa.Select[Any]:
    return _columns(tables).where(tables.coupons.c.coupon == sa.bindparam("number"))


@cache
def _all_of(tables: WalletTables) -> sa.Select[Any]:
    c = tables.coupons.c
    return _columns(tables).where(c.act == sa.bindparam("act"), c.template.is_not(None)).order_by(c.coupon)


@cache
def _used_key(tables: WalletTables) -> sa.Select[Any]:
    c = tables.coupons.c
    return sa.select(c.used_key).where(c.coupon == sa.bindparam("number"), c.template.is_not(None))


@cache
def _use(tables: WalletTables) -> sa.Update:
    c = tables.coupons.c
    return (
        sa.update(tables.coupons)
        .where(c.coupon == sa.bindparam("number"), c.template.is_not(None), c.used == 0)
        .values(
            used=c.used + 1,
            used_key=sa.bindparam("key"),
            used_app=sa.bindparam("in_app"),
            used_us=sa.bindparam("at_us"),
        )
    )
