"""Awarding: one protocol for every game and every type of award (B03, B04). Under an order number a person gets one,
however often one asks, and under whichever of their act_ids (B01).

A `token` scene promises now and credits when there is room: the signed token is in the client's and the server's hands
before the answer (B08, Money rule 8). A `direct` scene writes an order row first; so does a token scene whose token
store is gone (B10). The shortest path is an order row and its credit: compute and databases, nothing else (B11).
Coupons and pendants take a unit of stock instead of money (coupons.py).

What only tokens promise nobody can compare while their store is gone: a game that asks for another amount under such a
number just then gets it, by order row, and the ledger counts whichever is credited first.
"""

import logging
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from typing import Any, Final, Literal, NamedTuple

import msgspec
import sqlalchemy as sa

from reference_impl.domain.coupons import is_coupon
from reference_impl.domain.errors import Refused
from reference_impl.domain.orders import OrderNumber, order_number, parse_order
from reference_impl.domain.scenes import Scene
from reference_impl.domain.stages import stage_of
from reference_impl.domain.token import Token
from reference_impl.ledger.awards import Award, credit_awards, credited_fen
from reference_impl.stores.cache import CacheError
from reference_impl.stores.sql import insert_into
from reference_impl.stores.wallet_tables import WalletTables, wallet_tables
from reference_impl.system import System
from reference_impl.wallet import coupons, live_total, sparing, stages
from reference_impl.wallet.desk import Desk
from reference_impl.wallet.identities import family as family_of
from reference_impl.wallet.token_store import CREDITED, REFUSED, Promise

log = logging.getLogger(__name__)
ACCEPTED: Final = "accepted"
DONE: Final = "credited"
VOID: Final = "void"
"""Of an order row under which nothing was given, and nothing will be."""
State = Literal["token", "accepted", "credited", "coupon", "blessing"]


class AwardRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a game asks for; `rain` names the occurrence. Coupons have no amount."""

    act: int
    scene: str
    rain: str
    amount_fen: int = 0
    app: int = 1


class Given(msgspec.Struct, frozen=True):
    """The answer: `state` is token (a promise that the client keeps too), accepted or credited; coupon, whose number is
    the order's, of a `template`; or a blessing instead."""

    order: str
    amount_fen: int
    state: State
    token: str = ""
    template: str = ""
    blessing: str = ""


def award(system: System, desk: Desk, request: AwardRequest) -> Given:
    """Give an award, or find the one that stands under its order number.

    Raises Refused: unknown_scene, bad_order, bad_amount, over_cap, not_in_stage, budget_spent, other_amount,
    out_of_stock, in_progress, unavailable.
    """
    scene = _scene(desk, request)
    orders = _orders(desk, scene, request)
    if is_coupon(scene):
        return _coupon(system, desk, scene, orders, request.app)
    try:
        return _given(system, desk, scene, orders, request)
    except Refused as refused:
        if refused.code != "budget_spent":
            raise
        return _unless_refused(system, desk, scene, orders.new, request)


class Orders(NamedTuple):
    """The order number that a person's award gets, and those under which it may stand already: one an act_id (B01)."""

    new: OrderNumber
    standing: tuple[OrderNumber, ...]


def _orders(desk: Desk, scene: Scene, request: AwardRequest) -> Orders:
    """Of several that stand, what was asked for under the same act_id before is the answer. Raises Refused."""
    asked = order_number(request.act, scene.id, request.rain, scene.award_type, stage_of(request.act))
    family = family_of(desk, request.act)
    stages.admit(desk, family, request.rain)
    others = (asked._replace(act=act) for act in family.acts if act != request.act)
    return Orders(asked._replace(act=family.holder), (asked, *others))


def _unless_refused(system: System, desk: Desk, scene: Scene, order: OrderNumber, request: AwardRequest) -> Given:
    """What another try for the same award was given meanwhile. If none was, the refusal stands under the order number,
    so that none that is still under way can be given after it. Raises Refused: budget_spent, or unavailable where the
    token store does not say which it is."""
    if scene.path == "token" and not system.controls.on("token_store_off"):
        try:
            return _told(desk, order, desk.tokens.refuse(order.act, str(order)), request.amount_fen)
        except CacheError as error:
            raise Refused("unavailable", "the token store does not answer") from error
    with suppress(sa.exc.IntegrityError):
        _insert(desk, order, Award(str(order), 0, 0, system.runtime.now_us()), request.app, VOID)
    return _row_told(desk, order, request.amount_fen)


def _given(system: System, desk: Desk, scene: Scene, orders: Orders, request: AwardRequest) -> Given:
    if scene.path == "token" and not system.controls.on("token_store_off"):
        try:
            return _by_token(system, desk, scene, orders, request)
        except CacheError as error:
            log.warning("the token store does not answer, %s is given by an order row: %s", orders.new, error)
            return _by_row(system, desk, scene, orders, request, counted=True)  # perhaps: the ledger will say
    return _by_row(system, desk, scene, orders, request)


def _scene(desk: Desk, request: AwardRequest) -> Scene:
    scene = desk.activity.scene(request.scene)
    if scene is None:
        raise Refused("unknown_scene", request.scene[:24])
    if (request.amount_fen != 0) if is_coupon(scene) else (request.amount_fen < 1):
        raise Refused("bad_amount", f"{request.amount_fen} fen")
    if request.amount_fen > scene.cap_fen:
        raise Refused("over_cap", f"{request.amount_fen} fen, the cap is {scene.cap_fen}")
    if scene.path == "token" and not (request.rain.isdigit() and len(request.rain) < 10):
        raise Refused("bad_order", f"rain {request.rain[:24]!r} is no number")
    return scene


def _coupon(system: System, desk: Desk, scene: Scene, orders: Orders, app: int) -> Given:
    given = coupons.give(system, desk, scene, orders.new, app, orders.standing)
    if given.template is None:
        return Given(given.coupon, 0, "blessing", blessing=coupons.blessing_of(desk, given))
    return Given(given.coupon, 0, "coupon", template=given.template)


# --- by token ---------------------------------------------------------------------------------------------------------


def _by_token(system: System, desk: Desk, scene: Scene, orders: Orders, request: AwardRequest) -> Given:
    order = orders.new
    for one in orders.standing:
        standing = desk.tokens.standing(one.act, str(one))
        if standing is not None and (one == order or standing != REFUSED):
            return _told(desk, one, standing, request.amount_fen)
    before = _standing(system, desk, orders.standing)
    if before is not None:
        return _same(*before, request.amount_fen, "credited")
    number = desk.budgets.take(scene, order.stage, request.amount_fen, order.tagged)
    opened_us = system.runtime.now_us()
    token = desk.keyring.seal(_token(desk, order, request, opened_us), number)
    promise = Promise(str(order), request.amount_fen, number, opened_us)
    kept = desk.tokens.keep(order.act, str(order), token, promise)
    if kept == token:
        live_total.count(system, desk, order, request.amount_fen)
    else:
        desk.budgets.give_back(scene, order.stage, number, request.amount_fen, order.tagged)
    return _told(desk, order, kept, request.amount_fen)


def _told(desk: Desk, order: OrderNumber, standing: str, amount_fen: int) -> Given:
    """What the token store says of an order, as an answer. Raises Refused: budget_spent, other_amount."""
    if standing == REFUSED:
        raise Refused("budget_spent", order.scene)
    if standing.startswith(CREDITED):
        return _same(order, int(standing.removeprefix(CREDITED)), amount_fen, "credited")
    return _same(order, desk.keyring.open(standing).token.amount_fen, amount_fen, "token", standing)


def _token(desk: Desk, order: OrderNumber, request: AwardRequest, opened_us: int) -> Token:
    return Token(
        app_id=request.app,
        act=order.act,
        activity=desk.activity.id,
        scene=order.scene,
        amount_fen=request.amount_fen,
        order=str(order),
        opened_us=opened_us,
        rain=int(order.rain),
    )


# --- by order row -----------------------------------------------------------------------------------------------------


def _by_row(
    system: System, desk: Desk, scene: Scene, orders: Orders, request: AwardRequest, *, counted: bool = False
) -> Given:
    """`counted`: it may be in the live total already."""
    for order in orders.standing:
        known_fen = sparing.known_fen(system, desk, order)
        if known_fen is not None:
            return _same(order, known_fen, request.amount_fen, "accepted")
    with sparing.one_at_a_time(system, desk, orders.new.act):
        given = _written(system, desk, scene, orders, request, counted)
    sparing.note(system, desk, parse_order(given.order), given.amount_fen)
    return given


def _written(system: System, desk: Desk, scene: Scene, orders: Orders, request: AwardRequest, counted: bool) -> Given:
    order = orders.new
    before = _standing(system, desk, orders.standing)
    if before is not None:
        return _same(*before, request.amount_fen, "accepted")
    number = desk.budgets.take(scene, order.stage, request.amount_fen, order.tagged)
    made = Award(str(order), request.amount_fen, number, system.runtime.now_us())
    try:
        _insert(desk, order, made, request.app)
    except sa.exc.IntegrityError:
        desk.budgets.give_back(scene, order.stage, number, request.amount_fen, order.tagged)
        return _row_told(desk, order, request.amount_fen)
    if not counted:
        live_total.count(system, desk, order, request.amount_fen)
    state: State = "credited" if _credited(system, desk, order, made) else "accepted"
    return Given(made.order, made.amount_fen, state)


def _row_told(desk: Desk, order: OrderNumber, amount_fen: int) -> Given:
    """What an order row that stands says, as an answer. Raises Refused: budget_spent, other_amount."""
    standing_fen = row_fen(desk, order)
    if standing_fen is None:
        raise Refused("budget_spent", order.scene)
    return _same(order, standing_fen, amount_fen, "accepted")


def _insert(desk: Desk, order: OrderNumber, made: Award, app: int, state: str = ACCEPTED) -> None:
    row = {
        "order_number": made.order,
        **order._asdict(),
        "amount_fen": made.amount_fen,
        "slice": made.slice,
        "app": app,
        "opened_us": made.opened_us,
        "state": state,
    }
    tables = wallet_tables(order.tagged)
    desk.shard(order.act).write(lambda connection: connection.execute(insert_into(tables.orders), row))


def _credited(system: System, desk: Desk, order: OrderNumber, made: Award) -> bool:
    """Credit at once; what fails here compensation finds."""
    try:
        credit_awards(system.ledger, [made], order.tagged)
        finish(desk, order)
    except sa.exc.SQLAlchemyError as error:
        log.warning("%s awaits compensation: %s", order, error)
        return False
    system.counts.add("credited", "award")
    return True


def finish(desk: Desk, order: OrderNumber) -> None:
    """Note that an order row's money is in the account."""
    statement, values = _done(wallet_tables(order.tagged)), {"number": str(order)}
    desk.shard(order.act).write(lambda connection: connection.execute(statement, values))


# --- what stands ------------------------------------------------------------------------------------------------------


def _standing(system: System, desk: Desk, orders: Sequence[OrderNumber]) -> tuple[OrderNumber, int] | None:
    """The award that a person has under one of these numbers in the databases: accepted by a row, or credited."""
    accepted = {order: fen for order in orders if (fen := row_fen(desk, order)) is not None}
    if not accepted:
        credited = credited_fen(system.ledger, orders, orders[0].tagged)
        accepted = {order: credited[str(order)] for order in orders if str(order) in credited}
    return next(iter(accepted.items()), None)


def row_fen(desk: Desk, order: OrderNumber) -> int | None:
    """What was given under an order number by a row."""
    statement, values = _accepted(wallet_tables(order.tagged)), {"number": str(order)}
    found = desk.shard(order.act).read(lambda connection: connection.execute(statement, values).scalar())
    return None if found is None else int(found)


def _same(order: OrderNumber, standing_fen: int, asked_fen: int, state: State, token: str = "") -> Given:
    if standing_fen != asked_fen:
        raise Refused("other_amount", f"{order} stands with {standing_fen} fen")
    return Given(str(order), standing_fen, state, token)


@cache
def _accepted(tables: WalletTables) -> sa.Select[Any]:
    c = tables.orders.c
    return sa.select(c.amount_fen).where(c.order_number == sa.bindparam("number"), c.state != VOID)


@cache
def _done(tables: WalletTables) -> sa.Update:
    return (
        sa.update(tables.orders)
        .where(tables.orders.c.order_number == sa.bindparam("number"), tables.orders.c.state == ACCEPTED)
        .values(state=DONE)
    )
