"""Cooling: packets of cold days move to the cold store, and every new day finds its table cleared (W14, Money rule 7).

Only what is settled moves, so that nothing about a packet changes on its way:

1. it is copied to the cold store, and noted there as on its way, in one transaction;
2. what stands there is read again and compared with what was copied;
3. it is deleted from its day's table, where it is locked and compared once more;
4. the note is taken away.

After each of these a process may end; whoever comes next takes the same steps again, and finds some done.
"""

import logging
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date
from functools import partial
from typing import Final, NamedTuple

import sqlalchemy as sa

from reference_impl.domain.days import last_cold_day
from reference_impl.domain.identifiers import PacketId, parse_packet_id
from reference_impl.domain.packet import Packet, Voucher, is_over
from reference_impl.packets import cold_rows, rows
from reference_impl.stores.cold_tables import cold_tables
from reference_impl.stores.layout import OrderTables, hot_days, order_tables
from reference_impl.stores.sql import Store
from reference_impl.system import System

log = logging.getLogger(__name__)
BATCH: Final = 20
"""Packets that move in one transaction."""
CHUNK: Final = 500
"""Vouchers that the ledger is asked about at once."""


class Whole(NamedTuple):
    """A packet with all its vouchers, of opens and refund, in their order."""

    packet: Packet
    vouchers: tuple[Voucher, ...]


class Place(NamedTuple):
    """A day's table, live or tagged, and the cold store that takes from it. `next`: it is the next day's."""

    hot: Store
    cold: Store
    tables: OrderTables
    tagged: bool
    last: date
    """The newest day whose packets are cold."""
    next: bool


def places(system: System) -> Iterator[Place]:
    """Every table that may hold packets of cold days: of all days but the hot ones, and the next day's, which must be
    cleared before it is needed. The databases' own clocks say which day it is."""
    after_us = int(system.settings.cool_after_s * 1_000_000)
    for (region, shard), store in system.orders.items():
        last = last_cold_day(store.read(store.now_us) - after_us, system.settings.hot_days)
        today = date.fromordinal(last.toordinal() + system.settings.hot_days)
        tomorrow, *hot = hot_days(today, system.settings.hot_days)
        for day in system.settings.day_tables:
            for tagged in system.sides() if day not in hot else ():
                tables = order_tables(shard, day, tagged)
                yield Place(store, system.cold[region], tables, tagged, last, day == tomorrow)


def cool(system: System, place: Place) -> int:
    """Move what is settled and cold; how many packets were. Of the next day's table it is told what had to stay."""
    moved, after = 0, ""
    while True:
        packets = place.hot.read(
            partial(cold_rows.cold_packets, tables=place.tables, last=place.last, after=after, most=BATCH)
        )
        moved += _move(system, place, packets)
        if len(packets) < BATCH:
            break
        after = packets[-1].packet
    if place.next:
        _tell(system, place)
    return moved


def finish(system: System) -> int:
    """Take away the notes of what has left its day's table; how many notes there were. The others `cool` works off."""
    noted = 0
    for store in system.cold.values():
        for tagged in system.sides():
            packets = store.read(partial(cold_rows.on_their_way, tagged=tagged))
            gone = [packet for packet in packets if not _is_hot(system, parse_packet_id(packet))]
            noted += len(packets)
            if gone:
                _forget(store, tagged, gone)
    return noted


def count_on_their_way(system: System) -> int:
    """How many packets may stand in both places."""
    counted = (
        store.read(partial(cold_rows.count_moves, tagged=tagged))
        for store in system.cold.values()
        for tagged in system.sides()
    )
    return sum(counted)


def _tell(system: System, place: Place) -> None:
    """What is not settled stays where it is, whoever needs the table (Money rule 7)."""
    left = place.hot.read(partial(cold_rows.count_cold, tables=place.tables, last=place.last))
    if left:
        log.warning("%d packets of cold days are not settled and stay in %s", left, place.tables.packets.name)
        system.counts.add("not_cleared", place.hot.name, by=left)


def _move(system: System, place: Place, packets: Sequence[Packet]) -> int:
    """Move those of the packets that are settled; how many have left their day's table."""
    whole = _settled(system, place, packets) if packets else []
    if not whole or not _copy(place, whole):
        return 0
    copied = _verified(place, whole)
    moved = _delete(place, copied)
    if moved:
        _forget(place.cold, place.tagged, moved)
    system.counts.add("cooled", place.hot.name, by=len(moved))
    return len(moved)


def _settled(system: System, place: Place, packets: Sequence[Packet]) -> list[Whole]:
    """Those that are over, whose money has all arrived (Money rule 7)."""
    vouchers = place.hot.read(lambda connection: _vouchers(connection, place.tables, packets))
    whole = [Whole(packet, vouchers[packet.packet]) for packet in packets]
    over = [each for each in whole if is_over(each.packet, each.vouchers)]
    vouchers_over = [voucher for each in over for voucher in each.vouchers]
    credited: set[str] = set()
    for start in range(0, len(vouchers_over), CHUNK):
        credited |= system.ledger.credited(vouchers_over[start : start + CHUNK], place.tagged)
    return [each for each in over if _has_arrived(system, each, credited, place.tagged)]


def _has_arrived(system: System, whole: Whole, credited: set[str], tagged: bool) -> bool:
    if whole.packet.state == "void":
        return system.ledger.is_given_back(whole.packet, tagged)
    return all(voucher.voucher in credited for voucher in whole.vouchers)


def _copy(place: Place, whole: Sequence[Whole]) -> bool:
    """Step 1. What stands in the cold store is left as it is; False where somebody else is copying the same."""

    def work(connection: sa.Connection) -> None:
        begun_us = place.cold.now_us(connection)
        names = [each.packet.packet for each in whole]
        cold_rows.note(connection, place.cold, place.tagged, names, begun_us)
        standing = cold_rows.standing(connection, place.tagged, names)
        for each in whole:
            if each.packet.packet not in standing:
                cold_rows.insert(connection, place.cold, place.tagged, each.packet, each.vouchers)

    try:
        place.cold.write(work)
    except sa.exc.IntegrityError:
        return False
    return True


def _verified(place: Place, whole: Sequence[Whole]) -> list[Whole]:
    """Step 2: those that stand in the cold store exactly as they were copied."""
    tables, names = cold_tables(place.tagged).orders, [each.packet.packet for each in whole]

    def work(connection: sa.Connection) -> dict[str, Whole]:
        packets = cold_rows.packets_of(connection, tables, names)
        vouchers = _vouchers(connection, tables, packets)
        return {packet.packet: Whole(packet, vouchers[packet.packet]) for packet in packets}

    cold = place.cold.read(work)
    for each in whole:
        if cold.get(each.packet.packet) != each:
            log.error("packet %s stands otherwise in %s", each.packet.packet, place.cold.name)
    return [each for each in whole if cold.get(each.packet.packet) == each]


def _delete(place: Place, copied: Sequence[Whole]) -> list[str]:
    """Step 3: the packets that no longer stand in their day's table. What changed since it was copied stays."""

    def work(connection: sa.Connection) -> list[str]:
        names = [each.packet.packet for each in copied]
        hot = {each.packet: each for each in cold_rows.packets_of(connection, place.tables, names, lock=True)}
        gone = [each.packet.packet for each in copied if hot.get(each.packet.packet, each.packet) == each.packet]
        cold_rows.delete(connection, place.tables, gone)
        return gone

    return place.hot.write(work) if copied else []


def _forget(store: Store, tagged: bool, packets: Sequence[str]) -> None:
    """Step 4."""
    store.write(lambda connection: cold_rows.forget(connection, tagged, packets))


def _vouchers(
    connection: sa.Connection, tables: OrderTables, packets: Sequence[Packet]
) -> dict[str, tuple[Voucher, ...]]:
    """The vouchers of these packets, by packet and in their order."""
    found: dict[str, list[Voucher]] = defaultdict(list)
    for voucher in cold_rows.vouchers_of(connection, tables, [packet.packet for packet in packets]):
        found[voucher.packet].append(voucher)
    return {packet.packet: tuple(found[packet.packet]) for packet in packets}


def _is_hot(system: System, at: PacketId) -> bool:
    store = system.order_store(at)
    return store is not None and store.read(lambda connection: rows.read_packet(connection, at)) is not None
