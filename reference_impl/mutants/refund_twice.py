from typing import Any

import msgspec
import sqlalchemy as sa

from reference_impl.domain import packet as domain
from reference_impl.domain.identifiers import PacketId
from reference_impl.domain.packet import Packet, Voucher
from reference_impl.mutants import Mutant
from reference_impl.mutants.check_then_insert import without_unique_key
from reference_impl.packets import expiry, rows
from reference_impl.stores.layout import tables_of
from reference_impl.stores.sql import Store


def _finish_the_second_time(
    connection: sa.Connection, store: Store, at: PacketId
) -> tuple[Voucher, Packet, list[Voucher]] | None:
    """The first refund of a packet leaves it due; the second gets a voucher id of its own and finishes it."""
    locked: Any = rows.lock_packet(connection, at)
    decided = domain.decide_refund(*locked)
    if decided is None:
        return None
    again = _refunds(connection, at)
    voucher = msgspec.structs.replace(decided[0], sequence=-again)
    _insert_refund(connection, store, voucher, at)
    if again:
        rows.update_packet(connection, locked[0], decided[1], at)
    return voucher, decided[1], rows.opens_of(connection, at)


def _refunds(connection: sa.Connection, at: PacketId) -> int:
    vouchers = tables_of(at).vouchers
    found = sa.select(sa.func.count()).where(vouchers.c.packet == str(at), vouchers.c.kind == rows.REFUND)
    return int(connection.execute(found).scalar_one())


def _insert_refund(connection: sa.Connection, store: Store, v: Voucher, at: PacketId) -> None:
    row = (v.packet, v.sequence, rows.REFUND, v.person, v.amount_fen, v.remaining_fen, v.made_us, v.client_key)
    store.insert_many(connection, tables_of(at).vouchers, rows.VOUCHER_COLUMNS, [row])


def _plant() -> None:
    without_unique_key()
    expiry._refund_in = _finish_the_second_time


MUTANT = Mutant(
    name="refund_twice",
    row="W21",
    caught_by="refund_once_after_expiry",
    summary="the refund does not finish the packet, so that the next sweep refunds it again",
    seen_in="refund jobs that select by date and never read how many rows their UPDATE changed",
    plant=_plant,
    world="refund",
)
