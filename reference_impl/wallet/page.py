"""The wallet page: balance, income, coupons, and the flow of awards, exactly what was awarded, credited or not (B07,
B08).

Tokens are read before the ledger: an award that is credited in between then stands in both, and in the union by order
number once. The other way round it could stand in neither.

With little to spare the page is the balance alone, as the ledger has it, and says so.
"""

import logging
from collections.abc import Sequence
from functools import cache
from typing import Any, Final, NamedTuple

import msgspec
import sqlalchemy as sa

from reference_impl.domain.acts import is_tagged_act
from reference_impl.domain.errors import Refused
from reference_impl.ledger.awards import Award, held
from reference_impl.stores.cache import CacheError
from reference_impl.stores.wallet_tables import WalletTables, wallet_tables
from reference_impl.system import System
from reference_impl.wallet import crediting
from reference_impl.wallet.award import ACCEPTED
from reference_impl.wallet.coupons import Coupon, coupons_of
from reference_impl.wallet.desk import Desk
from reference_impl.wallet.identities import Family
from reference_impl.wallet.identities import family as family_of
from reference_impl.wallet.token_store import REFUSED, Promise, is_token

log = logging.getLogger(__name__)
MOST_TOKENS: Final = 200
"""Client tokens that are looked at in one request."""


class Flow(msgspec.Struct, frozen=True):
    """One line: an award."""

    order: str
    amount_fen: int
    credited: bool


class Page(msgspec.Struct, frozen=True):
    balance_fen: int
    income_fen: int | None
    flow: list[Flow] | None
    waiting: int
    """Awards that are shown and not credited yet."""
    refused: int
    """Client tokens that were not believed."""
    coupons: list[Coupon] | None
    """Coupons and pendants, used ones too (B24)."""
    code: str = ""
    """`delayed`: the token store is not asked, and what only it keeps is shown later (B10). `balance_only`: the flow is
    not shown, and what is not credited yet is not in the balance (B07)."""
    degraded: list[str] = []
    """What is not shown now."""


def page(system: System, desk: Desk, act: int, presented: Sequence[str]) -> Page:
    """What a person owns, with the tokens that their client kept; the same under each of their act_ids (B01)."""
    family = family_of(desk, act)
    balance_only = system.controls.on("wallet_balance_only")
    shown = _balance_only(system, family) if balance_only else _whole(system, desk, family, presented)
    if family_of(desk, act).acts != family.acts:  # merged while it was read: some of it may be of before, some of after
        return page(system, desk, act, presented)
    return shown


def _whole(system: System, desk: Desk, family: Family, presented: Sequence[str]) -> Page:
    promised, refused, delayed = promises(system, desk, family, presented)
    account = held(system.ledger, family.acts, is_tagged_act(family.holder))
    waiting = {order: award for order, award in promised.items() if order not in account.awards}
    flow = [Flow(order, amount_fen, True) for order, amount_fen in account.awards.items()]
    flow += [Flow(order, award.amount_fen, False) for order, award in waiting.items()]
    flow.sort(key=lambda line: line.order)
    waiting_fen = sum(award.amount_fen for award in waiting.values())
    return Page(
        balance_fen=account.balance_fen + waiting_fen,
        income_fen=sum(line.amount_fen for line in flow),
        flow=flow,
        waiting=len(waiting),
        refused=refused,
        coupons=coupons_of(desk, family.acts),
        code="delayed" if delayed else "",
    )


def _balance_only(system: System, family: Family) -> Page:
    """What the ledger has, and nothing else."""
    return Page(
        balance_fen=held(system.ledger, family.acts, is_tagged_act(family.holder)).balance_fen,
        income_fen=None,
        flow=None,
        waiting=0,
        refused=0,
        coupons=None,
        code="balance_only",
        degraded=["flow", "coupons"],
    )


def force_credit(system: System, desk: Desk, act: int, presented: Sequence[str]) -> int:
    """Credit everything that a person was promised, now; how many awards that was (B08)."""
    return credit_family(system, desk, family_of(desk, act), presented)


def credit_family(system: System, desk: Desk, family: Family, presented: Sequence[str]) -> int:
    """The same for a person whose act_ids are known."""
    tagged = is_tagged_act(family.holder)
    promised = promises(system, desk, family, presented).awards
    credited = held(system.ledger, family.acts, tagged).awards
    owed = [award for order, award in promised.items() if order not in credited]
    if owed:
        crediting.credit(system, desk, owed, tagged)
    return len(owed)


class Promises(NamedTuple):
    """Awards that may not be credited yet, by order number; how many of the client's tokens were not believed; whether
    what the server kept is missing, because the token store is not asked or does not answer."""

    awards: dict[str, Award]
    refused: int
    delayed: bool


def promises(system: System, desk: Desk, family: Family, presented: Sequence[str]) -> Promises:
    """What a person is promised. What only the client kept is given back to the server."""
    asks_store = not system.controls.on("token_store_off")
    told = _kept(desk, family) if asks_store else None
    kept = {order: text for order, text in (told or {}).items() if text != REFUSED}
    clients, refused = _believed(system, desk, family, presented)
    lost = {order: (text, award) for order, (text, award) in clients.items() if order not in kept}
    if asks_store:
        _give_back(desk, lost)
    promised = {order: _award(desk, text) for order, text in kept.items() if is_token(text)}
    promised |= {order: award for order, (_, award) in lost.items()}
    for act in family.acts:
        promised |= _accepted(desk, act)
    return Promises(promised, refused, delayed=told is None)


def _kept(desk: Desk, family: Family) -> dict[str, str] | None:
    """None where the token store does not answer."""
    try:
        return {order: text for act in family.acts for order, text in desk.tokens.all(act).items()}
    except CacheError as error:
        log.warning("the token store does not answer: %s", error)
        return None


def _believed(
    system: System, desk: Desk, family: Family, presented: Sequence[str]
) -> tuple[dict[str, tuple[str, Award]], int]:
    """Those of a client's tokens that are this person's; all others are counted and alarmed (B09)."""
    found: dict[str, tuple[str, Award]] = {}
    refused = 0
    if system.controls.on("client_tokens_refused"):
        return found, 0
    for text in presented[:MOST_TOKENS]:
        try:
            opened = desk.keyring.open(text)
            check_owner(system, desk, opened.token.act, opened.token.activity, family)
            found[opened.token.order] = text, opened.award
        except Refused as error:
            refused += 1
            system.counts.add("tokens_refused", error.code)
    return found, refused


def check_owner(system: System, desk: Desk, holder: int, activity: str, family: Family) -> None:
    """Raises Refused: token_foreign, token_expired."""
    if holder not in family.acts or activity != desk.activity.id:
        raise Refused("token_foreign")
    if desk.activity.ends_us and system.runtime.now_us() > desk.activity.ends_us:
        raise Refused("token_expired")


def _award(desk: Desk, text: str) -> Award:
    return desk.keyring.open(text).award


def _give_back(desk: Desk, lost: dict[str, tuple[str, Award]]) -> None:
    try:
        for order, (text, award) in lost.items():
            promise = Promise(order, award.amount_fen, award.slice, award.opened_us)
            desk.tokens.keep(award.number.act, order, text, promise, proven=True)
    except CacheError:
        log.warning("%d tokens could not be given back to the store", len(lost))


def _accepted(desk: Desk, act: int) -> dict[str, Award]:
    """Awards with an order row whose money has not arrived."""
    statement = _waiting(wallet_tables(is_tagged_act(act)))
    rows = desk.shard(act).read(lambda connection: connection.execute(statement, {"act": act}).all())
    return {row.order_number: Award(row.order_number, row.amount_fen, row.slice, row.opened_us) for row in rows}


@cache
def _waiting(tables: WalletTables) -> sa.Select[Any]:
    c = tables.orders.c
    return sa.select(c.order_number, c.amount_fen, c.slice, c.opened_us).where(
        c.act == sa.bindparam("act"), c.state == ACCEPTED
    )
