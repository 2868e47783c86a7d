"""Collecting cards: who has them all is among the collectors of a pool until it is closed; closing fixes who they are
and what each of them gets, once (B02).

Collectors, pools and what is decided for all of them stand in the first wallet database. Whoever joins holds the pool's
row together with others who join, whoever closes it holds it alone: who is not in before is out.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from reference_impl.domain.acts import is_tagged_act
from reference_impl.domain.errors import Refused
from reference_impl.domain.games import CARDS, GIFT, KOI, SPLIT, cards, occurrence_of, split
from reference_impl.domain.games.koi import koi
from reference_impl.domain.games.win import Win
from reference_impl.domain.stages import LIVE, in_stage, stage_digits
from reference_impl.stores.sql import insert_into
from reference_impl.stores.wallet_tables import WalletTables, wallet_tables
from reference_impl.system import System
from reference_impl.wallet import plays
from reference_impl.wallet.desk import Desk
from reference_impl.wallet.identities import ALONE, holder_in
from reference_impl.wallet.identities import family as family_of
from reference_impl.wallet.plays import Play

COLLECTING: Final = "collecting"
CLOSED: Final = "closed"
APP: Final = 1
"""The app that bills say of what nobody asked for."""


class Closed(msgspec.Struct, frozen=True):
    """A pool that is divided: among how many."""

    pool: str
    pool_fen: int
    winners: int


class Found(msgspec.Struct, frozen=True):
    """The lucky koi of a pool."""

    pool: str
    act: int


def collect(desk: Desk, drawn: Play) -> None:
    """Join the collectors of a draw's pool, if the person has every card by now."""
    pool, acts = cards.pool_of(int(drawn.occurrence)), family_of(desk, drawn.act).acts
    draws = [str(draw) for draw in cards.draws_of(pool)]
    if cards.is_complete(each.note for each in plays.among(desk, acts, CARDS, draws)):
        join(desk, acts[0], str(pool), drawn.stage)


def join(desk: Desk, act: int, pool: str, stage: str) -> None:
    """Be among a pool's collectors; who comes after it was closed is not."""
    values, tables = {"pool": pool, "stage": stage, "act": act}, wallet_tables(is_tagged_act(act))

    def work(connection: sa.Connection) -> None:
        if connection.execute(_collector(tables), values).first() is not None:
            return
        if _locked(desk, connection, tables, pool, stage, _beside_others(tables)).state == COLLECTING:
            connection.execute(insert_into(tables.collectors), values)

    try:
        desk.budget_store.write(work)
    except sa.exc.IntegrityError:
        if not desk.budget_store.read(lambda connection: connection.execute(_collector(tables), values).first()):
            raise


def close(system: System, desk: Desk, number: int, pool_fen: int, stage: str, tagged: bool) -> Closed:
    """Divide a pool among those who collected every card by now, or say how it was divided.

    Raises Refused: unknown_game, nobody_collected, over_cap, budget_spent, other_amount.
    """
    pool, tables = occurrence_of(SPLIT, number), wallet_tables(tagged)

    def work(connection: sa.Connection) -> Closed:
        row = _locked(desk, connection, tables, pool, stage, _alone(tables))
        if row.state == CLOSED:
            return _same(Closed(pool, row.pool_fen, row.winners), pool_fen)
        people = _collectors(connection, tables, pool, stage)
        shares = split.shares(pool_fen, people, pool)
        _check_terms(desk, connection.execute(_promised(tables), {"stage": stage}).scalar_one(), pool_fen, shares)
        for game, wins in ((SPLIT, shares), (GIFT, split.gifts(people, pool))):
            new = list(_made(system, desk, game, pool, wins))
            plays.record_all(connection, desk.budget_store, tables, new)
        done = {"of": pool, "in_stage": stage, "fen": pool_fen, "among": len(shares)}
        connection.execute(_close(tables), done)
        return Closed(pool, pool_fen, len(shares))

    return desk.budget_store.write(work)


def draw_koi(system: System, desk: Desk, number: int, stage: str, tagged: bool) -> Found:
    """Draw a pool's lucky koi from its collectors, or say who it is. Raises Refused: unknown_game, nobody_collected."""
    pool, tables, drawn = occurrence_of(KOI, number), wallet_tables(tagged), system.runtime.draw()

    def work(connection: sa.Connection) -> Found:
        row = _locked(desk, connection, tables, pool, stage, _alone(tables))
        if row.koi:
            return Found(pool, row.koi)
        act, win = koi(_collectors(connection, tables, pool, stage), drawn, pool)
        new = list(_made(system, desk, KOI, pool, {act: win}))
        plays.record_all(connection, desk.budget_store, tables, new)
        connection.execute(_find(tables), {"of": pool, "in_stage": stage, "found": act})
        return Found(pool, act)

    return desk.budget_store.write(work)


def _locked(
    desk: Desk, connection: sa.Connection, tables: WalletTables, pool: str, stage: str, lock: sa.Select[Any]
) -> Any:
    """A pool's row, made if there is none, locked by `lock` until the transaction ends."""
    values = {"pool": pool, "stage": stage}
    row = connection.execute(lock, values).first()
    if row is None:
        new = {**values, "state": COLLECTING, "pool_fen": 0, "winners": 0, "koi": 0}
        desk.budget_store.add_to(connection, tables.pools, [new], "winners")
        row = connection.execute(lock, values).one()
    return row


def _collectors(connection: sa.Connection, tables: WalletTables, pool: str, stage: str) -> list[int]:
    """Everybody who collected every card, each person once (B01). Raises Refused("nobody_collected")."""
    values = {"pool": pool, "stage": stage}
    acts = {in_stage(act, LIVE) for act in connection.execute(_all(tables), values).scalars()}
    aliases = set(connection.execute(_aliases(tables), {**values, "above": stage_digits(stage)}).scalars())
    people = (acts - aliases) | {holder_in(connection, tables, act) for act in aliases}
    if not people:
        raise Refused("nobody_collected", f"pool {pool}")
    return sorted(in_stage(act, stage) for act in people)


def _made(system: System, desk: Desk, game: str, pool: str, wins: Mapping[int, Win]) -> Iterator[Play]:
    now_us = system.runtime.now_us()
    for act, win in wins.items():
        yield plays.made(desk, act, game, pool, win, APP, now_us)


def _check_terms(desk: Desk, promised_fen: int, pool_fen: int, shares: Mapping[int, Win]) -> None:
    """Raises Refused: over_cap, budget_spent. What is decided must be paid, so that nothing else may be decided."""
    scene = desk.activity.scene(split.SCENE)
    if scene and max(win.amount_fen for win in shares.values()) > scene.cap_fen:
        raise Refused("over_cap", f"a share, the cap is {scene.cap_fen}")
    if scene and promised_fen + pool_fen > scene.budget_fen:
        raise Refused("budget_spent", f"{promised_fen} of {scene.budget_fen} fen are divided")


def _same(closed: Closed, asked_fen: int) -> Closed:
    if closed.pool_fen != asked_fen:
        raise Refused("other_amount", f"pool {closed.pool} was divided with {closed.pool_fen} fen")
    return closed


# Statements are built once a table: building one costs more than sending it.


def _pool(tables: WalletTables) -> sa.Select[Any]:
    c = tables.pools.c
    return sa.select(c.state, c.pool_fen, c.winners, c.koi).where(
        c.pool == sa.bindparam("pool"), c.stage == sa.bindparam("stage")
    )


@cache
def _beside_others(tables: WalletTables) -> sa.Select[Any]:
    return _pool(tables).with_for_update(read=True)


@cache
def _alone(tables: WalletTables) -> sa.Select[Any]:
    return _pool(tables).with_for_update()


@cache
def _all(tables: WalletTables) -> sa.Select[Any]:
    c = tables.collectors.c
    return sa.select(c.act).where(c.pool == sa.bindparam("pool"), c.stage == sa.bindparam("stage")).order_by(c.act)


@cache
def _collector(tables: WalletTables) -> sa.Select[Any]:
    return _all(tables).where(tables.collectors.c.act == sa.bindparam("act"))


@cache
def _aliases(tables: WalletTables) -> sa.Select[Any]:
    """The live act_ids of those collectors who may be somebody else's alias."""
    c, acts = tables.collectors.c, tables.acts.c
    live = c.act - sa.bindparam("above", type_=sa.BigInteger)
    return (
        sa.select(acts.act)
        .join_from(tables.collectors, tables.acts, acts.act == live)
        .where(c.pool == sa.bindparam("pool"), c.stage == sa.bindparam("stage"), acts.state != ALONE)
    )


@cache
def _promised(tables: WalletTables) -> sa.Select[Any]:
    c = tables.pools.c
    return sa.select(sa.func.coalesce(sa.func.sum(c.pool_fen), 0)).where(c.stage == sa.bindparam("stage"))


@cache
def _find(tables: WalletTables) -> sa.Update:
    c = tables.pools.c
    return (
        sa.update(tables.pools)
        .where(c.pool == sa.bindparam("of"), c.stage == sa.bindparam("in_stage"))
        .values(koi=sa.bindparam("found"))
    )


@cache
def _close(tables: WalletTables) -> sa.Update:
    c = tables.pools.c
    return (
        sa.update(tables.pools)
        .where(c.pool == sa.bindparam("of"), c.stage == sa.bindparam("in_stage"))
        .values(state=CLOSED, pool_fen=sa.bindparam("fen"), winners=sa.bindparam("among"))
    )
