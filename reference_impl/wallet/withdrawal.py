"""Withdrawal, from any app: never more than the balance, never twice (B23).

Asking force-credits what is only promised, and moves what a merge has not moved yet. The client's key is bound to the
withdrawal's number before money moves; the money is in transit until the bank has answered definitely, and who is not
answered is asked about again (`reconcile/withdrawals.py`).
"""

import logging
from collections.abc import Sequence
from functools import cache
from hashlib import blake2b
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from reference_impl.domain.acts import is_tagged_act
from reference_impl.domain.errors import Refused
from reference_impl.ledger import payouts
from reference_impl.stores.sql import insert_into
from reference_impl.stores.wallet_tables import WalletTables, wallet_tables
from reference_impl.system import System
from reference_impl.wallet.bank import Outcome
from reference_impl.wallet.desk import Desk
from reference_impl.wallet.identities import family as family_of
from reference_impl.wallet.identities import finish
from reference_impl.wallet.page import credit_family

log = logging.getLogger(__name__)
ASKED: Final = "asked"
PAID: Final = "paid"
REFUSED: Final = "refused"


class Withdrawal(msgspec.Struct, frozen=True):
    """`state`: asked (the bank has not answered), paid, refused (the money is back)."""

    withdrawal: str
    act: int
    amount_fen: int
    state: str


def withdraw(
    system: System, desk: Desk, act: int, amount_fen: int, app: int, key: str, presented: Sequence[str] = ()
) -> Withdrawal:
    """Pay out to the bank; the same key gets the same withdrawal (W22).

    Raises Refused: insufficient_funds, key_bound, void.
    """
    family = family_of(desk, act)
    finish(system, desk, family.merging)
    if not system.controls.on("forced_credit_off"):
        credit_family(system, desk, family, presented)
    asked = _bind(system, desk, act, amount_fen, app, key)
    if asked.state != ASKED:
        return asked
    payouts.set_aside(system.ledger, act, asked.withdrawal, asked.amount_fen, is_tagged_act(act))
    return settle(system, desk, asked, desk.bank.send(asked.withdrawal, act, asked.amount_fen, is_tagged_act(act)))


def settle(system: System, desk: Desk, asked: Withdrawal, outcome: Outcome, *, moved: bool = True) -> Withdrawal:
    """Do what the bank's answer says; without one the money stays in transit. `moved`: there is money in transit."""
    if outcome == "unknown":
        return asked
    tagged = is_tagged_act(asked.act)
    if moved:
        payouts.settle(system.ledger, asked.act, asked.withdrawal, asked.amount_fen, outcome == PAID, tagged)
    values = {"number": asked.withdrawal, "after": outcome}
    desk.shard(asked.act).write(lambda connection: connection.execute(_settled(wallet_tables(tagged)), values))
    return msgspec.structs.replace(asked, state=outcome)


def number_of(act: int, key: str) -> str:
    """A withdrawal's number follows from who asks under which key: asking again cannot make another, also when their
    act_id has become an alias in between (B01)."""
    return f"{act}-{blake2b(key.encode(), digest_size=10).hexdigest()}"


def _bind(system: System, desk: Desk, act: int, amount_fen: int, app: int, key: str) -> Withdrawal:
    """The withdrawal that this key asks for, recorded before anything is done about it."""
    number, tables = number_of(act, key), wallet_tables(is_tagged_act(act))
    standing = find(desk, act, number)
    if standing is None:
        row = {
            "withdrawal": number,
            "act": act,
            "client_key": key,
            "amount_fen": amount_fen,
            "app": app,
            "state": ASKED,
            "asked_us": system.runtime.now_us(),
        }
        try:
            desk.shard(act).write(lambda connection: connection.execute(insert_into(tables.withdrawals), row))
        except sa.exc.IntegrityError:
            log.info("withdrawal %s is asked for twice at once", number)
        standing = find(desk, act, number) or Withdrawal(number, act, amount_fen, ASKED)
    if standing.amount_fen != amount_fen:
        raise Refused("key_bound", "this key asked for another amount")
    return standing


def find(desk: Desk, act: int, number: str) -> Withdrawal | None:
    """A withdrawal as it stands."""
    statement = _one(wallet_tables(is_tagged_act(act)))
    row = desk.shard(act).read(lambda connection: connection.execute(statement, {"number": number}).first())
    return Withdrawal(*row) if row else None


def open_before(desk: Desk, until_us: int, tagged: bool) -> list[Withdrawal]:
    """Those that were asked for before a moment and have no answer."""
    statement = _open(wallet_tables(tagged))
    found = []
    for store in desk.orders:
        rows = store.read(lambda connection: connection.execute(statement, {"until_us": until_us}).all())
        found += [Withdrawal(*row) for row in rows]
    return found


def _columns(tables: WalletTables) -> sa.Select[Any]:
    c = tables.withdrawals.c
    return sa.select(c.withdrawal, c.act, c.amount_fen, c.state)


@cache
def _one(tables: WalletTables) -> sa.Select[Any]:
    return _columns(tables).where(tables.withdrawals.c.withdrawal == sa.bindparam("number"))


@cache
def _open(tables: WalletTables) -> sa.Select[Any]:
    c = tables.withdrawals.c
    return _columns(tables).where(c.state == ASKED, c.asked_us < sa.bindparam("until_us")).order_by(c.withdrawal)


@cache
def _settled(tables: WalletTables) -> sa.Update:
    c = tables.withdrawals.c
    return (
        sa.update(tables.withdrawals)
        .where(c.withdrawal == sa.bindparam("number"), c.state == ASKED)
        .values(state=sa.bindparam("after"))
    )
