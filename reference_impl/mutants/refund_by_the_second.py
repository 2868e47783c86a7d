from functools import cache
from typing import Any

import msgspec
import sqlalchemy as sa

from reference_impl.domain import packet as domain
from reference_impl.domain.packet import Packet, Voucher
from reference_impl.mutants import Mutant
from reference_impl.packets import expiry, rows
from reference_impl.stores.layout import OrderTables
from reference_impl.stores.sql import DatabaseClock

SECOND_US = 1_000_000


@cache
def _due_this_second(tables: tuple[OrderTables, ...]) -> Any:
    next_us = DatabaseClock() - DatabaseClock() % SECOND_US + SECOND_US
    due = (
        sa.select(packets.c.packet).where(packets.c.state == "paid", packets.c.expires_us < next_us)
        for packets in (each.packets for each in tables)
    )
    return sa.union_all(*due).limit(sa.bindparam("most"))


def _in_its_second(packet: Packet, now_us: int) -> tuple[Voucher, Packet] | None:
    if packet.expires_us // SECOND_US > now_us // SECOND_US:
        return None
    decided = domain.decide_refund(packet, max(now_us, packet.expires_us))
    return decided and (msgspec.structs.replace(decided[0], made_us=now_us), decided[1])


def _plant() -> None:
    rows._due = _due_this_second
    expiry.decide_refund = _in_its_second


MUTANT = Mutant(
    name="refund_by_the_second",
    caught_by="refund_once_after_expiry",
    summary="the sweeper compares whole seconds and opening compares microseconds: a refund comes too early (W21)",
    seen_in="DATETIME columns without fractions beside a clock that has them",
    plant=_plant,
    world="expiry_race",
    row="W21",
)
