"""A scene's budget, given out in slices: available = total − promised to slices (B14, Money rule 10).

The one row of a budget is locked once a slice, not once an award. A process takes awards out of the slice it holds, and
only while its time lasts; what it had not given away when it closed the slice goes back at once. Every slice is settled
when its time is long over: its awards are counted, and what was reserved for nothing goes back (`reconcile/slices.py`).
"""

from functools import cache
from typing import Any, Final

import sqlalchemy as sa

from reference_impl.domain.errors import Refused
from reference_impl.domain.scenes import Scene
from reference_impl.runtime import Runtime
from reference_impl.stores.sql import Store, insert_into
from reference_impl.stores.wallet_tables import WalletTables, wallet_tables

OPEN: Final = "open"
CLOSED: Final = "closed"
SETTLED: Final = "settled"


class Budgets:
    """The slices that one process holds, one a scene, stage and side."""

    def __init__(self, store: Store, runtime: Runtime, holder: str, slice_fen: int, lasts_us: int) -> None:
        self._store, self._runtime, self._holder = store, runtime, holder
        self._slice_fen, self._lasts_us = slice_fen, lasts_us
        self._lock = runtime.lock()
        self._held: dict[tuple[str, str, bool], _Slice] = {}

    def take(self, scene: Scene, stage: str, amount_fen: int, tagged: bool) -> int:
        """Reserve an award's money; the number of the slice it comes from. Raises Refused("budget_spent")."""
        key = scene.id, stage, tagged
        with self._lock:
            held = self._held.get(key)
            if held is None or held.left_fen < amount_fen or held.until_us < self._runtime.now_us():
                self._let_go(key)
                held = self._held[key] = self._grant(scene, stage, amount_fen, tagged)
            held.left_fen -= amount_fen
            return held.number

    def give_back(self, scene: Scene, stage: str, number: int, amount_fen: int, tagged: bool) -> None:
        """What was reserved and surely not promised to anybody."""
        with self._lock:
            held = self._held.get((scene.id, stage, tagged))
            if held is not None and held.number == number:
                held.left_fen += amount_fen

    def close(self) -> None:
        """Let go of every slice."""
        with self._lock:
            for key in list(self._held):
                self._let_go(key)

    def _grant(self, scene: Scene, stage: str, least_fen: int, tagged: bool) -> "_Slice":
        tables = wallet_tables(tagged)
        create_budget(self._store, scene, stage, tagged)

        def work(connection: sa.Connection) -> "_Slice | None":
            for wanted_fen in (max(least_fen, self._slice_fen), least_fen):
                if _promise(connection, tables, scene.id, stage, wanted_fen):
                    return self._record(connection, tables, scene.id, stage, wanted_fen)
            return None

        granted = self._store.write(work)
        if granted is None:
            raise Refused("budget_spent", scene.id)
        return granted

    def _record(self, connection: sa.Connection, tables: WalletTables, scene: str, stage: str, fen: int) -> "_Slice":
        until_us = self._runtime.now_us() + self._lasts_us
        row = {
            "scene": scene,
            "stage": stage,
            "holder": self._holder,
            "granted_fen": fen,
            "state": OPEN,
            "until_us": until_us,
        }
        made = connection.execute(insert_into(tables.slices), row)
        return _Slice(int(made.lastrowid), until_us, fen)

    def _let_go(self, key: tuple[str, str, bool]) -> None:
        """Give back what is left, and first of all hold it no longer: nobody may take from it, whatever comes next."""
        held, tables = self._held.pop(key, None), wallet_tables(key[-1])
        if held is not None:
            self._store.write(lambda connection: give_rest_back(connection, tables, held.number, held.left_fen, CLOSED))


def create_budget(store: Store, scene: Scene, stage: str, tagged: bool) -> None:
    """The budget's row, if it is not there; what it promised stays."""
    tables = wallet_tables(tagged)
    row = {
        "scene": scene.id,
        "stage": stage,
        "total_fen": scene.budget_fen,
        "cap_fen": scene.cap_fen,
        "promised_fen": 0,
    }
    known = store.read(lambda connection: connection.execute(_total(tables), row).scalar())
    if known is None:
        try:
            store.write(lambda connection: connection.execute(insert_into(tables.budgets), row))
        except sa.exc.IntegrityError:
            return  # somebody was quicker


def give_rest_back(connection: sa.Connection, tables: WalletTables, number: int, rest_fen: int, after: str) -> bool:
    """Return to the budget what a slice did not give away; False where that was done already."""
    before = [OPEN] if after == CLOSED else [OPEN, CLOSED]
    values = {"number": number, "rest_fen": rest_fen, "before": before, "after": after}
    if connection.execute(_end_slice(tables), values).rowcount != 1:
        return False
    connection.execute(_take_back(tables), {"number": number, "rest_fen": rest_fen})
    return True


def _promise(connection: sa.Connection, tables: WalletTables, scene: str, stage: str, fen: int) -> bool:
    promised = connection.execute(_promise_more(tables), {"in_scene": scene, "in_stage": stage, "fen": fen})
    return promised.rowcount == 1


class _Slice:
    __slots__ = ("left_fen", "number", "until_us")

    def __init__(self, number: int, until_us: int, left_fen: int) -> None:
        self.number, self.until_us, self.left_fen = number, until_us, left_fen


# Statements are built once a table: building one costs more than sending it.


@cache
def _total(tables: WalletTables) -> sa.Select[Any]:
    c = tables.budgets.c
    return sa.select(c.total_fen).where(c.scene == sa.bindparam("scene"), c.stage == sa.bindparam("stage"))


@cache
def _promise_more(tables: WalletTables) -> sa.Update:
    c, fen = tables.budgets.c, sa.bindparam("fen", type_=sa.BigInteger)
    return (
        sa.update(tables.budgets)
        .where(c.scene == sa.bindparam("in_scene"), c.stage == sa.bindparam("in_stage"))
        .where(c.promised_fen + fen <= c.total_fen)
        .values(promised_fen=c.promised_fen + fen)
    )


@cache
def _end_slice(tables: WalletTables) -> sa.Update:
    c = tables.slices.c
    return (
        sa.update(tables.slices)
        .where(c.slice == sa.bindparam("number"), c.state.in_(sa.bindparam("before", expanding=True)))
        .values(state=sa.bindparam("after"), granted_fen=c.granted_fen - sa.bindparam("rest_fen", type_=sa.BigInteger))
    )


@cache
def _take_back(tables: WalletTables) -> sa.Update:
    c, s = tables.budgets.c, tables.slices.c
    scene = sa.select(s.scene).where(s.slice == sa.bindparam("number")).scalar_subquery()
    stage = sa.select(s.stage).where(s.slice == sa.bindparam("number")).scalar_subquery()
    return (
        sa.update(tables.budgets)
        .where(c.scene == scene, c.stage == stage)
        .values(promised_fen=c.promised_fen - sa.bindparam("rest_fen", type_=sa.BigInteger))
    )
