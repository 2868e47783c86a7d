"""Who takes part in an occurrence in which stage, remembered for as long as that can change (B22).

What was decided first stands, by a unique key: a share that grows or shrinks, or an activity that goes live in the
middle of an occurrence, gives nobody the same award in two stages.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any

import sqlalchemy as sa

from reference_impl.domain.acts import is_tagged_act
from reference_impl.domain.errors import Refused
from reference_impl.domain.stages import LIVE, in_stage, stage_for, stage_of
from reference_impl.stores.sql import insert_into
from reference_impl.stores.wallet_tables import WalletTables, wallet_tables
from reference_impl.wallet.desk import Desk
from reference_impl.wallet.identities import Family
from reference_impl.wallet.identities import family as family_of


def self_in(desk: Desk, act: int, rain: str) -> int:
    """The act_id with which a person takes part in an occurrence. Raises Refused("not_in_stage")."""
    return in_stage(act, _stage(desk, family_of(desk, act), rain))


def admit(desk: Desk, family: Family, rain: str) -> None:
    """Raises Refused("not_in_stage") for who does not take part, or does in another stage than these act_ids are of."""
    stage = stage_of(family.holder)
    if _stage(desk, family, rain) != stage:
        raise Refused("not_in_stage", f"{family.holder} of stage {stage}")


def _stage(desk: Desk, family: Family, rain: str) -> str:
    pilot, acts = desk.activity.pilot, [in_stage(act, LIVE) for act in family.acts]
    pins = pilot is not None and pilot.pins(rain)
    standing = _pinned(desk, acts, rain) if pins else None
    if standing is not None:
        return standing
    stage = stage_for(pilot, acts[0], rain)
    if stage is None:
        raise Refused("not_in_stage", f"{acts[0]} in none")
    return _pin(desk, acts, rain, stage) if pins else stage


def _pin(desk: Desk, acts: Sequence[int], rain: str, stage: str) -> str:
    """The stage that stands from now on."""
    row, tables = {"act": acts[0], "rain": rain, "stage": stage}, wallet_tables(is_tagged_act(acts[0]))
    try:
        desk.budget_store.write(lambda connection: connection.execute(insert_into(tables.pins), row))
    except sa.exc.IntegrityError:
        return _pinned(desk, acts, rain) or stage
    return stage


def _pinned(desk: Desk, acts: Sequence[int], rain: str) -> str | None:
    """What stands for a person; of several act_ids that were merged, the holder's first."""
    statement, values = _standing(wallet_tables(is_tagged_act(acts[0]))), {"acts": acts, "rain": rain}
    rows = desk.budget_store.read(lambda connection: connection.execute(statement, values).all())
    stages = {row.act: row.stage for row in rows}
    return next((str(stages[act]) for act in acts if act in stages), None)


@cache
def _standing(tables: WalletTables) -> sa.Select[Any]:
    c = tables.pins.c
    return sa.select(c.act, c.stage).where(
        c.act.in_(sa.bindparam("acts", expanding=True)), c.rain == sa.bindparam("rain")
    )
