from typing import Any

import msgspec
import sqlalchemy as sa

from reference_impl.domain import packet as domain
from reference_impl.domain.identifiers import PacketId
from reference_impl.domain.packet import Packet, Voucher
from reference_impl.mutants import Mutant
from reference_impl.packets import expiry, rows
from reference_impl.stores.sql import Store


def _to_whoever_came_last(
    connection: sa.Connection, store: Store, at: PacketId
) -> tuple[Voucher, Packet, list[Voucher]] | None:
    locked: Any = rows.lock_packet(connection, at)
    decided = domain.decide_refund(*locked)
    if decided is None:
        return None
    voucher, after = decided
    opens = rows.opens_of(connection, at)
    person = opens[-1].person if opens else voucher.person
    voucher = msgspec.structs.replace(voucher, person=person)
    rows.insert_vouchers(connection, store, [voucher], at)
    rows.update_packet(connection, locked[0], after, at)
    return voucher, after, opens


def _plant() -> None:
    expiry._refund_in = _to_whoever_came_last


MUTANT = Mutant(
    name="refund_to_last_opener",
    row="W21",
    caught_by="refund_once_after_expiry",
    summary="the refund goes to the person who opened last",
    seen_in="refund code that takes the user from the newest record of the packet",
    plant=_plant,
    world="refund",
)
