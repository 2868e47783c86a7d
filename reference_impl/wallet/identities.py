"""Who people are: logging in, phone numbers that are learned later, and act_ids that turn out to be one person (B01).

Identities, phone numbers and aliases stand in the first wallet database, for one transaction has to see both sides of a
merge: it locks both act_ids, so that two who merge into each other at once do not both become aliases. The alias stands
before the money moves (Money rule 9). From then on both are one person wherever people are looked up; whoever finds the
money not moved yet, the sweeper at last (`reconcile/merges.py`), moves it.

What stands is of live act_ids; their selves in the other stages are the same people's (B22).
"""

from collections.abc import Callable
from functools import cache
from typing import Any, Final, NamedTuple

import sqlalchemy as sa

from reference_impl.domain.acts import act_id, is_tagged_act
from reference_impl.domain.identities import Identity, join
from reference_impl.domain.stages import LIVE, STAGES, in_stage, stage_of
from reference_impl.ledger import merges
from reference_impl.stores.sql import Store, insert_into
from reference_impl.stores.wallet_tables import WalletTables, wallet_tables
from reference_impl.system import System
from reference_impl.wallet.desk import Desk

ALONE: Final = "alone"
MERGING: Final = "merging"
MERGED: Final = "merged"
TRIES: Final = 8
"""How often it is decided anew who somebody is, when others decide about the same people at once."""


class Family(NamedTuple):
    """The act_ids of one person: each is merged into one before it, the first into none."""

    acts: tuple[int, ...]
    merging: tuple["Alias", ...] = ()
    """Those whose money may not have moved; as they stand, live."""

    @property
    def holder(self) -> int:
        """Under whom awards are given and money is kept."""
        return self.acts[0]


class Alias(NamedTuple):
    act: int
    into: int
    state: str


def enter(desk: Desk, who: Identity, phone: str | None, tagged: bool) -> int:
    """The act_id of an identity. A new one gets that of its phone number, or one of its own if nobody brought that."""

    def work(connection: sa.Connection, tables: WalletTables) -> int:
        known = connection.execute(_identity(tables), who._asdict()).scalar()
        if known is not None:
            return _family(connection, tables, known).holder
        act = join(None, _owner_of(connection, tables, phone)).act
        number = connection.execute(insert_into(tables.identities), {**who._asdict(), "act": act or 0}).lastrowid
        if act is None:
            act = act_id(number, tagged)
            connection.execute(_name(tables), {"of": number, "named": act})
        _claim(connection, tables, phone, act)
        return act

    return _decided(desk, tagged, work)


def learn(desk: Desk, act: int, phone: str) -> int:
    """The act_id of who brings a phone number; if that has another than theirs, theirs becomes an alias of it."""
    live = in_stage(act, LIVE)

    def work(connection: sa.Connection, tables: WalletTables) -> int:
        own = _family(connection, tables, live).holder
        joining = join(own, _owner_of(connection, tables, phone))
        if joining.merged is not None and joining.act is not None:
            _merge(connection, desk.budget_store, tables, joining.merged, joining.act)
        _claim(connection, tables, phone, own)
        return joining.act or own

    return in_stage(_decided(desk, is_tagged_act(act), work), stage_of(act))


def family(desk: Desk, act: int) -> Family:
    """Everybody who is the same person as `act`, as they are in its stage."""
    live, tables = in_stage(act, LIVE), wallet_tables(is_tagged_act(act))
    found = desk.budget_store.read(lambda connection: _family(connection, tables, live))
    return found if live == act else found._replace(acts=tuple(in_stage(each, stage_of(act)) for each in found.acts))


def holder_in(connection: sa.Connection, tables: WalletTables, act: int) -> int:
    """Under whom the money of a live act_id is kept, as a transaction of the first wallet database sees it."""
    return _family(connection, tables, act).holder


def finish(system: System, desk: Desk, merging: tuple[Alias, ...]) -> None:
    """Move the money of aliases, in every stage that there is, and say that it is moved."""
    for alias in merging:
        for stage in STAGES if desk.activity.pilot else (LIVE,):
            act, into = in_stage(alias.act, stage), in_stage(alias.into, stage)
            merges.move(system.ledger, act, into, is_tagged_act(act))
        note_moved(desk, alias)


def note_moved(desk: Desk, alias: Alias) -> None:
    """The money of an alias is where its person is."""
    statement, values = _moved(wallet_tables(is_tagged_act(alias.act))), {"alias": alias.act}
    desk.budget_store.write(lambda connection: connection.execute(statement, values))


def unfinished(desk: Desk) -> tuple[Alias, ...]:
    """Aliases whose money may not have moved, live and tagged."""
    rows = desk.budget_store.read(lambda connection: connection.execute(_merging()).all())
    return tuple(Alias(*row) for row in rows)


class _Outrun(Exception):
    """Somebody else has merged one of these act_ids just now."""


def _decided(desk: Desk, tagged: bool, work: Callable[[sa.Connection, WalletTables], int]) -> int:
    """What `work` decides in one transaction, again where another decided about the same people first."""
    tables = wallet_tables(tagged)
    for attempt in range(1, TRIES + 1):
        try:
            return desk.budget_store.write(lambda connection: work(connection, tables))
        except (_Outrun, sa.exc.IntegrityError):
            if attempt == TRIES:
                raise
    raise AssertionError("unreachable")


def _owner_of(connection: sa.Connection, tables: WalletTables, phone: str | None) -> int | None:
    """Who has a phone number now."""
    act = connection.execute(_owner(tables), {"phone": phone}).scalar() if phone else None
    return None if act is None else _family(connection, tables, act).holder


def _merge(connection: sa.Connection, store: Store, tables: WalletTables, act: int, into: int) -> None:
    """Make one an alias of the other, with both of them locked. Raises _Outrun."""
    rows = [{"act": each, "into_act": 0, "state": ALONE} for each in sorted((act, into))]
    store.add_to(connection, tables.acts, rows, "into_act")
    if any(alias.act == each for each in (act, into) for alias in _links(connection, tables, each)):
        raise _Outrun
    connection.execute(_become_alias(tables), {"alias": act, "into": into, "after": MERGING})


def _claim(connection: sa.Connection, tables: WalletTables, phone: str | None, act: int) -> None:
    """The phone number is theirs who bring it first."""
    if phone and connection.execute(_owner(tables), {"phone": phone}).scalar() is None:
        connection.execute(insert_into(tables.phones), {"phone": phone, "act": act})


def _family(connection: sa.Connection, tables: WalletTables, act: int) -> Family:
    acts, merging = [act], []
    for each in acts:  # which grows while it is gone through
        for alias in _links(connection, tables, each):
            if alias.into == each:
                acts.append(alias.act)
                merging += [alias] if alias.state == MERGING else []
            elif each == act:
                return _family(connection, tables, alias.into)
    return Family(tuple(acts), tuple(merging))


def _links(connection: sa.Connection, tables: WalletTables, act: int) -> list[Alias]:
    """Whom an act_id is an alias of, and who is one of it."""
    return [Alias(*row) for row in connection.execute(_linked(tables), {"one": act})]


# Statements are built once a table: building one costs more than sending it.


@cache
def _identity(tables: WalletTables) -> sa.Select[Any]:
    c = tables.identities.c
    return sa.select(c.act).where(c.system == sa.bindparam("system"), c.uid == sa.bindparam("uid"))


@cache
def _name(tables: WalletTables) -> sa.Update:
    c = tables.identities.c
    return sa.update(tables.identities).where(c.number == sa.bindparam("of")).values(act=sa.bindparam("named"))


@cache
def _owner(tables: WalletTables) -> sa.Select[Any]:
    return sa.select(tables.phones.c.act).where(tables.phones.c.phone == sa.bindparam("phone"))


@cache
def _linked(tables: WalletTables) -> sa.Select[Any]:
    c = tables.acts.c
    either = sa.or_(c.act == sa.bindparam("one"), c.into_act == sa.bindparam("one"))
    return sa.select(c.act, c.into_act, c.state).where(either, c.state != ALONE).order_by(c.act)


@cache
def _become_alias(tables: WalletTables) -> sa.Update:
    return (
        sa.update(tables.acts)
        .where(tables.acts.c.act == sa.bindparam("alias"))
        .values(into_act=sa.bindparam("into"), state=sa.bindparam("after"))
    )


@cache
def _moved(tables: WalletTables) -> sa.Update:
    c = tables.acts.c
    return sa.update(tables.acts).where(c.act == sa.bindparam("alias"), c.state == MERGING).values(state=MERGED)


@cache
def _merging() -> sa.CompoundSelect[Any]:
    sides = (wallet_tables(tagged).acts.c for tagged in (False, True))
    merging = sa.union_all(*(sa.select(c.act, c.into_act, c.state).where(c.state == MERGING) for c in sides))
    return merging.order_by(sa.text("act"))
