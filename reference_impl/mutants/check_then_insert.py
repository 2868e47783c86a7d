from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from reference_impl.domain import packet as domain
from reference_impl.domain.packet import OpenDecisions, OpenRequest, Packet, Voucher
from reference_impl.mutants import Mutant
from reference_impl.packets import open as opening
from reference_impl.stores import layout

_order_tables = layout.order_tables


def _tables_without_unique_key(shard: int, day: int, tagged: bool) -> layout.OrderTables:
    tables = _order_tables(shard, day, tagged)
    tables.vouchers.constraints = {c for c in tables.vouchers.constraints if not isinstance(c, sa.UniqueConstraint)}
    return tables


def _check_only_what_was_read(
    packet: Packet, standing: Mapping[int, Voucher], requests: Sequence[OpenRequest], now_us: int, draw: Any
) -> OpenDecisions:
    answers: list[Any] = []
    made: list[Voucher] = []
    for request in requests:
        one = domain.decide_opens(packet, standing, [request], now_us, draw)
        packet = one.packet
        answers += one.answers
        made += one.made
    return OpenDecisions(answers, made, packet)


def without_unique_key() -> None:
    """Tables are made and used without the unique key on (packet, kind, person)."""
    layout.order_tables = _tables_without_unique_key


def _plant() -> None:
    without_unique_key()
    opening.decide_opens = _check_only_what_was_read


MUTANT = Mutant(
    name="check_then_insert",
    row="W22",
    caught_by="one_open_per_user",
    summary="whether a person has opened is checked against what was read before, and no unique key stands behind it",
    seen_in="flash-sale tutorials that SELECT an order by user and product and INSERT when there is none",
    plant=_plant,
    world="hot_packet",
)
