"""The games' own record (B02, B14): a play is written once, before its award is asked for, and says what was decided.

A play stands by act_id beside the person's orders. What is decided for many at once, when a pool is closed or drawn
from, stands in the first database, for one transaction decides it.
"""

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any, Final, NamedTuple

import sqlalchemy as sa

from reference_impl.domain.acts import is_tagged_act
from reference_impl.domain.errors import Refused
from reference_impl.domain.games import GIFT, KOI, SPLIT
from reference_impl.domain.games.win import Win
from reference_impl.domain.orders import order_number
from reference_impl.domain.stages import stage_of
from reference_impl.stores.sql import Store, insert_into
from reference_impl.stores.wallet_tables import WalletTables, wallet_tables
from reference_impl.wallet.desk import Desk

OPEN: Final = "open"
"""Recorded; the award may not have been given."""
GIVEN: Final = "given"
REFUSED: Final = "refused"
"""Recorded, and the asset order layer surely gave nothing: asking again may bring it."""
TOGETHER: Final = (SPLIT, GIFT, KOI)
"""Games that decide for many at once."""


class Play(NamedTuple):
    """What was decided for a person in an occurrence of a game."""

    act: int
    game: str
    occurrence: str
    stage: str
    scene: str
    rain: str
    amount_fen: int
    note: str
    order_number: str
    """Under which its award is asked for; after a merge it may stand under another of the person's (B01)."""
    app: int
    played_us: int
    state: str = OPEN


def made(desk: Desk, act: int, game: str, occurrence: str, win: Win, app: int, now_us: int) -> Play:
    """A play of what was just decided. Raises Refused: unknown_scene, bad_order."""
    scene = desk.activity.scene(win.scene)
    if scene is None:
        raise Refused("unknown_scene", win.scene)
    stage = stage_of(act)
    order = str(order_number(act, win.scene, win.rain, scene.award_type, stage))
    return Play(act, game, occurrence, stage, win.scene, win.rain, win.amount_fen, win.note, order, app, now_us)


def record(desk: Desk, play: Play) -> Play:
    """Write a play, or find the one that was written before."""
    row = play._asdict()
    statement = insert_into(wallet_tables(is_tagged_act(play.act)).plays)
    try:
        _store(desk, play.game, play.act).write(lambda connection: connection.execute(statement, row))
    except sa.exc.IntegrityError:
        standing = find(desk, [play.act], play.game, play.occurrence)
        if standing is None:
            raise
        return standing
    return play


def record_all(connection: sa.Connection, store: Store, tables: WalletTables, plays: Sequence[Play]) -> None:
    """Write plays of games that decide for many at once, in the transaction that decides them."""
    store.insert_many(connection, tables.plays, Play._fields, plays)


def find(desk: Desk, acts: Iterable[int], game: str, occurrence: str) -> Play | None:
    """The play that a person has under one of their act_ids."""
    for act in acts:
        values = {"act": act, "game": game, "occurrence": occurrence}
        statement = _one(wallet_tables(is_tagged_act(act)))
        row = _store(desk, game, act).read(lambda c, s=statement, v=values: c.execute(s, v).first())  # type: ignore[misc]
        if row is not None:
            return Play(*row)
    return None


def among(desk: Desk, acts: Iterable[int], game: str, occurrences: Sequence[str]) -> list[Play]:
    """Those of these occurrences that a person has played, under any of their act_ids."""
    found: list[Play] = []
    for act in acts:
        values = {"act": act, "game": game, "occurrences": occurrences}
        statement = _several(wallet_tables(is_tagged_act(act)))
        rows = _store(desk, game, act).read(lambda c, s=statement, v=values: c.execute(s, v).all())  # type: ignore[misc]
        found += [Play(*row) for row in rows]
    return found


def settle(desk: Desk, play: Play, state: str) -> None:
    """Note what became of a play's award."""
    values = {"of": play.act, "in_game": play.game, "at": play.occurrence, "after": state}
    statement = _settle(wallet_tables(is_tagged_act(play.act)))
    _store(desk, play.game, play.act).write(lambda connection: connection.execute(statement, values))


def _store(desk: Desk, game: str, act: int) -> Store:
    return desk.budget_store if game in TOGETHER else desk.shard(act)


# Statements are built once a table: building one costs more than sending it.


def columns(tables: WalletTables) -> sa.Select[Any]:
    """A SELECT of the fields of a Play."""
    return sa.select(*(tables.plays.c[name] for name in Play._fields))


@cache
def _one(tables: WalletTables) -> sa.Select[Any]:
    c = tables.plays.c
    return columns(tables).where(
        c.act == sa.bindparam("act"),
        c.game == sa.bindparam("game"),
        c.occurrence == sa.bindparam("occurrence"),
    )


@cache
def _several(tables: WalletTables) -> sa.Select[Any]:
    c = tables.plays.c
    return (
        columns(tables)
        .where(c.act == sa.bindparam("act"), c.game == sa.bindparam("game"))
        .where(c.occurrence.in_(sa.bindparam("occurrences", expanding=True)))
        .order_by(c.occurrence)
    )


@cache
def _settle(tables: WalletTables) -> sa.Update:
    c = tables.plays.c
    return (
        sa.update(tables.plays)
        .where(c.act == sa.bindparam("of"), c.game == sa.bindparam("in_game"))
        .where(c.occurrence == sa.bindparam("at"), c.state != GIVEN)
        .values(state=sa.bindparam("after"))
    )
