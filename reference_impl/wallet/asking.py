"""What other services of the campaign ask of the wallet: how much somebody owns, whether they have got an award, and
that what they were promised is credited now. HTTP and the SDK both answer with these (B21).
"""

import logging
from collections.abc import Sequence

import msgspec

from reference_impl.domain.coupons import is_coupon
from reference_impl.domain.errors import Refused
from reference_impl.domain.orders import OrderNumber, order_number
from reference_impl.domain.stages import stage_of
from reference_impl.ledger.awards import credited_fen
from reference_impl.stores.cache import CacheError
from reference_impl.system import System
from reference_impl.wallet import page as paging
from reference_impl.wallet.award import row_fen
from reference_impl.wallet.coupons import find
from reference_impl.wallet.desk import Desk
from reference_impl.wallet.identities import family as family_of
from reference_impl.wallet.token_store import REFUSED

log = logging.getLogger(__name__)


class Owned(msgspec.Struct, frozen=True):
    """`code` is the page's: `delayed` or `balance_only` where some of it may be missing."""

    balance_fen: int
    code: str = ""


class Got(msgspec.Struct, frozen=True):
    """`order`: the number under which it stands. `code`: `delayed` where it is not found and the token store was not
    asked or did not answer. Who then asks for the award gets no second one: the order number is the same."""

    got: bool
    order: str = ""
    code: str = ""


class Forced(msgspec.Struct, frozen=True):
    """How many awards were credited; `code` is `forced_credit_off` while operators spare the ledger."""

    credited: int
    code: str = ""


def balance(system: System, desk: Desk, act: int) -> Owned:
    """What a person owns in fen, credited or not: as their page shows it without their client's tokens."""
    shown = paging.page(system, desk, act, ())
    return Owned(shown.balance_fen, shown.code)


def has_got(system: System, desk: Desk, act: int, scene: str, rain: str) -> Got:
    """Whether a person has got a scene's award of an occurrence, under whichever of their act_ids (B01).

    Raises Refused: unknown_scene, bad_order.
    """
    terms = desk.activity.scene(scene)
    if terms is None:
        raise Refused("unknown_scene", scene[:24])
    asked = order_number(act, terms.id, rain, terms.award_type, stage_of(act))
    acts = family_of(desk, act).acts
    orders = [asked._replace(act=each) for each in acts]
    got = _coupon(desk, orders) if is_coupon(terms) else _money(system, desk, orders)
    if family_of(desk, act).acts != acts:  # merged while it was looked for
        return has_got(system, desk, act, scene, rain)
    return got


def force_credit(system: System, desk: Desk, act: int, presented: Sequence[str]) -> Forced:
    """Credit what a person was promised, now, under the order numbers that the consumer credits it under (B08).

    Raises Refused("limited").
    """
    system.limits.take("force_per_s")
    if system.controls.on("forced_credit_off"):
        return Forced(0, "forced_credit_off")
    return Forced(paging.force_credit(system, desk, act, presented))


def _coupon(desk: Desk, orders: Sequence[OrderNumber]) -> Got:
    """What stands there may be a blessing: that was the answer, and there is no other."""
    found = next((order for order in orders if find(desk, order)), None)
    return Got(False) if found is None else Got(True, str(found))


def _money(system: System, desk: Desk, orders: Sequence[OrderNumber]) -> Got:
    """Tokens are asked before rows and rows before the ledger: what moves on in between stands in both."""
    delayed = system.controls.on("token_store_off")
    found = None
    if not delayed:
        try:
            found = _promised(desk, orders)
        except CacheError as error:
            log.warning("the token store does not answer: %s", error)
            delayed = True
    found = found or _accepted(desk, orders) or _credited(system, orders)
    if found is None:
        return Got(False, code="delayed" if delayed else "")
    return Got(True, found)


def _promised(desk: Desk, orders: Sequence[OrderNumber]) -> str | None:
    """Raises CacheError."""
    standing = ((order, desk.tokens.standing(order.act, str(order))) for order in orders)
    return next((str(order) for order, text in standing if text not in (None, REFUSED)), None)


def _accepted(desk: Desk, orders: Sequence[OrderNumber]) -> str | None:
    return next((str(order) for order in orders if row_fen(desk, order) is not None), None)


def _credited(system: System, orders: Sequence[OrderNumber]) -> str | None:
    return next(iter(credited_fen(system.ledger, orders, orders[0].tagged)), None)
