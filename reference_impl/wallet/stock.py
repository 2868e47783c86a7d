"""What is left of a coupon's stock, counted by Redis on split keys (B12).

A key counts one part of the units, up to its quota; a wallet database has parts of its own. Redis only says which unit
is next: the coupon's row holds its unit, and the database lets no unit be held twice. A Redis that lost its counts, or
that came back older, is told them anew from the rows, so that nothing it forgets can be given beyond what is prepared.
A count that timed out may have taken its unit: that unit is burnt.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any, Final, NamedTuple

import msgspec
import redis
import sqlalchemy as sa

from reference_impl.domain.coupons import is_low, prepared, quota
from reference_impl.domain.errors import Refused
from reference_impl.domain.scenes import Scene
from reference_impl.stores.layout import side
from reference_impl.stores.sql import Store
from reference_impl.stores.wallet_tables import WalletTables, wallet_tables

_TAKE: Final = """
if redis.call('EXISTS', KEYS[1]) == 0 then
    return 0
end
return redis.call('INCR', KEYS[1])
"""
"""A count that is lost is not begun anew."""
_RAISE: Final = """
if tonumber(redis.call('GET', KEYS[1]) or '-1') < tonumber(ARGV[1]) then
    redis.call('SET', KEYS[1], ARGV[1])
end
"""


class Unit(NamedTuple):
    part: int
    number: int
    """From 1 to the part's quota."""


class Counted(msgspec.Struct, frozen=True):
    """A template's units in one stage: prepared, `taken` by counts, given (`issued`) by rows, and `burnt`: taken, not
    given. After Redis lost its counts, only those below the highest unit of a row are known."""

    template: str
    stage: str
    tag: bool
    stock: int
    prepared: int
    taken: int
    issued: int
    burnt: int


def stock_key(template: str, stage: str, part: int, tagged: bool) -> str:
    """The count of a part's units that are taken."""
    return f"{side(tagged)}stock:{template}:{stage}:{part}"


class Stock:
    """The counts of every template; `stores` are the wallet's databases, `split` the parts of each."""

    def __init__(self, client: redis.Redis, stores: Sequence[Store], split: int) -> None:
        self._client, self._stores = client, stores
        self.parts = split * len(stores)
        self._take: Any = client.register_script(_TAKE)
        self._raise: Any = client.register_script(_RAISE)

    def take(self, scene: Scene, stage: str, act: int, tagged: bool, *, spares: bool) -> Unit | None:
        """The next unit of a person's database; None where all are taken, or, with `spares`, all but a tenth.

        Raises CacheError: a unit may have been taken; Refused("in_progress"): Redis lost the counts just now.
        """
        shard, units = act % len(self._stores), prepared(scene.stock)
        parts = self._parts_of(shard)
        quotas = {part: quota(units, part, self.parts) for part in parts}
        taken = self._counts(scene.id, stage, shard, tagged)
        left = sum(max(0, quotas[part] - taken[part]) for part in parts)
        if left == 0 or (spares and is_low(left, sum(quotas.values()))):
            return None
        for part in _in_turn(parts, act // len(self._stores)):
            if taken[part] < quotas[part]:
                number = int(self._take(keys=[stock_key(scene.id, stage, part, tagged)]))
                if number == 0:
                    raise Refused("in_progress", scene.id)
                if number <= quotas[part]:
                    return Unit(part, number)
        return None

    def recount(self, template: str, stage: str, act: int, tagged: bool) -> None:
        """Raise the counts of a person's database to what its rows hold. Raises CacheError."""
        self._restore(template, stage, act % len(self._stores), tagged)

    def counted(self, scene: Scene, stage: str, tagged: bool) -> Counted:
        """Where a template stands, over all databases. Raises CacheError."""
        units, parts = prepared(scene.stock), range(self.parts)
        counts = self._client.mget([stock_key(scene.id, stage, part, tagged) for part in parts])
        taken = sum(min(int(count or 0), quota(units, part, self.parts)) for part, count in enumerate(counts))
        issued = sum(_rows_of(store, scene.id, stage, tagged) for store in self._stores)
        return Counted(scene.id, stage, tagged, scene.stock, units, taken, issued, max(0, taken - issued))

    def _parts_of(self, shard: int) -> range:
        """The parts of a database: that a unit is given once is kept where its row stands."""
        return range(shard, self.parts, len(self._stores))

    def _counts(self, template: str, stage: str, shard: int, tagged: bool) -> dict[int, int]:
        parts = self._parts_of(shard)
        keys = [stock_key(template, stage, part, tagged) for part in parts]
        counts = self._client.mget(keys)
        if None in counts:
            self._restore(template, stage, shard, tagged)
            counts = self._client.mget(keys)
        if None in counts:
            raise Refused("in_progress", template)
        return {part: int(count or 0) for part, count in zip(parts, counts, strict=True)}

    def _restore(self, template: str, stage: str, shard: int, tagged: bool) -> None:
        statement, values = _highest(wallet_tables(tagged)), {"template": template, "stage": stage}
        rows = self._stores[shard].read(lambda connection: connection.execute(statement, values).all())
        highest = {row.part: row.unit for row in rows}
        for part in self._parts_of(shard):
            self._raise(keys=[stock_key(template, stage, part, tagged)], args=[highest.get(part, 0)])


def _in_turn(parts: range, first: int) -> list[int]:
    """All parts, from one of them on: people begin at different ones, so that no key is hot."""
    turn = first % len(parts)
    return [*parts[turn:], *parts[:turn]]


def _rows_of(store: Store, template: str, stage: str, tagged: bool) -> int:
    statement, values = _issued(wallet_tables(tagged)), {"template": template, "stage": stage}
    return int(store.read(lambda connection: connection.execute(statement, values).scalar_one()))


@cache
def _highest(tables: WalletTables) -> sa.Select[Any]:
    c = tables.coupons.c
    return (
        sa.select(c.part, sa.func.max(c.unit).label("unit"))
        .where(c.template == sa.bindparam("template"), c.stage == sa.bindparam("stage"))
        .group_by(c.part)
    )


@cache
def _issued(tables: WalletTables) -> sa.Select[Any]:
    c = tables.coupons.c
    return sa.select(sa.func.count()).where(c.template == sa.bindparam("template"), c.stage == sa.bindparam("stage"))
