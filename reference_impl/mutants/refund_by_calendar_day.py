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

DAY_US = 86_400_000_000


@cache
def _due_today(days: tuple[OrderTables, ...]) -> Any:
    tomorrow_us = DatabaseClock() - DatabaseClock() % DAY_US + DAY_US
    due = (
        sa.select(packets.c.packet).where(packets.c.state == "paid", packets.c.expires_us < tomorrow_us)
        for packets in (each.packets for each in days)
    )
    return sa.union_all(*due).limit(sa.bindparam("most"))


def _on_its_day(packet: Packet, now_us: int) -> tuple[Voucher, Packet] | None:
    if packet.expires_us // DAY_US > now_us // DAY_US:
        return None
    decided = domain.decide_refund(packet, max(now_us, packet.expires_us))
    return decided and (msgspec.structs.replace(decided[0], made_us=now_us), decided[1])


def _plant() -> None:
    rows._due = _due_today
    expiry.decide_refund = _on_its_day


MUTANT = Mutant(
    name="refund_by_calendar_day",
    row="W21",
    caught_by="refund_once_after_expiry",
    summary="the refund goes by the day on which a packet ends and not by the moment, while it can still be opened",
    seen_in="nightly refund jobs that select by date, beside a cache entry that lives 24 hours",
    plant=_plant,
    world="expiry_race",
)
