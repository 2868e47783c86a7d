"""SQLite cannot show this: the program's own lock and BEGIN IMMEDIATE let one transaction in at a time, so that nobody
writes between the read and the write."""

from collections.abc import Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from reference_impl.domain.identifiers import PacketId
from reference_impl.domain.packet import OpenDecisions, OpenRequest, decide_opens
from reference_impl.mutants import Mutant
from reference_impl.packets import open as opening
from reference_impl.packets import rows
from reference_impl.stores.layout import tables_of
from reference_impl.stores.sql import Store
from reference_impl.system import System

_open_in = opening._open_in


def _unlocked(connection: Any, system: System, store: Store, at: PacketId, requests: Sequence[OpenRequest]) -> Any:
    """The number of a share is counted when the packet's row is written, and so it is right; the remainder is not."""
    packet = rows.read_packet(connection, at)
    if packet is None:
        return _open_in(connection, system, store, at, requests)
    standing = {v.person: v for v in rows.opens_of(connection, at, {r.person for r in requests})}
    decisions = decide_opens(packet, standing, requests, store.now_us(connection), system.runtime.draw)
    if not decisions.made:
        return decisions
    _write_back(connection, decisions, at)
    taken = len(rows.opens_of(connection, at))
    numbers = {v.person: taken + place for place, v in enumerate(decisions.made, 1)}
    made = [msgspec.structs.replace(v, sequence=numbers[v.person]) for v in decisions.made]
    rows.insert_vouchers(connection, store, made, at)
    mine = {v.person: v for v in made}
    answers = [mine.get(r.person, answer) for r, answer in zip(requests, decisions.answers, strict=True)]
    return OpenDecisions(answers, made, decisions.packet)


def _write_back(connection: Any, decisions: OpenDecisions, at: PacketId) -> None:
    packets, after = tables_of(at).packets, decisions.packet
    left = {"remaining_fen": after.remaining_fen, "remaining_shares": after.remaining_shares, "state": after.state}
    connection.execute(sa.update(packets).where(packets.c.packet == str(at)).values(left))


def _plant() -> None:
    opening._open_in = _unlocked


MUTANT = Mutant(
    name="remainder_written_back",
    row="W11",
    caught_by="open_order",
    summary="the packet is read without FOR UPDATE and written back in the same transaction: updates are lost",
    seen_in="code that takes a transaction for a lock: SELECT, subtract, UPDATE under READ COMMITTED",
    plant=_plant,
    dies_in="innodb",
    world="each_alone",
)
