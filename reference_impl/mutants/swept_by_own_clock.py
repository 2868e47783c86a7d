from collections.abc import Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from reference_impl.domain import packet as domain
from reference_impl.domain.identifiers import PacketId, parse_packet_id
from reference_impl.domain.packet import Voucher
from reference_impl.mutants import Mutant
from reference_impl.packets import expiry, rows
from reference_impl.stores.layout import OrderTables
from reference_impl.stores.sql import Store
from reference_impl.system import System


def _sweep(system: System, everywhere: bool = False) -> int:
    due = (packet for store, days in system.hot_tables() for packet in _due(system, store, days))
    return sum(_refund(system, parse_packet_id(packet)) is not None for packet in due)


def _due(system: System, store: Store, days: Sequence[OrderTables]) -> list[str]:
    over = (packets.c.expires_us <= system.runtime.now_us() for packets in (each.packets for each in days))
    queries = [
        sa.select(packets.c.packet).where(packets.c.state == "paid", is_over)
        for (packets, *_), is_over in zip(days, over, strict=True)
    ]
    return list(store.read(lambda connection: connection.execute(sa.union_all(*queries)).scalars()))


def _refund(system: System, at: PacketId) -> Voucher | None:
    store = system.orders[at.region, at.shard]

    def work(connection: Any) -> Voucher | None:
        locked: Any = rows.lock_packet(connection, at)
        decided = domain.decide_refund(locked[0], system.runtime.now_us())
        if decided is None:
            return None
        voucher = msgspec.structs.replace(decided[0], made_us=locked[1])
        rows.insert_vouchers(connection, store, [voucher], at)
        rows.update_packet(connection, locked[0], decided[1], at)
        return voucher

    return store.write(work)


def _plant() -> None:
    expiry.sweep = _sweep


MUTANT = Mutant(
    name="swept_by_own_clock",
    row="W21",
    caught_by="refund_once_after_expiry",
    summary="the sweeper decides by the clock of its own machine, which may be off, what is over",
    seen_in="jobs that pass `datetime.now()` to a query where the database's NOW() was meant",
    plant=_plant,
    world="expiry_race",
)
