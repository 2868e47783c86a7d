"""SQLite cannot show this: its one writer at a time never falls to a deadlock, so that nothing is tried again."""

from collections.abc import Sequence
from functools import cache, partial
from typing import Any

import sqlalchemy as sa

from reference_impl.domain.identifiers import PacketId, parse_packet_id
from reference_impl.domain.packet import OpenRequest, Packet, decide_opens
from reference_impl.mutants import Mutant
from reference_impl.packets import group_commit, rows
from reference_impl.packets import open as opening
from reference_impl.stores.layout import tables_of
from reference_impl.system import System

_open_in, _serve_batch = opening._open_in, opening.serve_batch


def _serve_with_a_session(system: System, packet: str, requests: Sequence[OpenRequest]) -> group_commit.Served:
    """One object of the packet for all tries, as a session of an object mapper has."""
    at, loaded = parse_packet_id(packet), list[Packet]()
    store = system.order_store(at)
    if store is None:
        return _serve_batch(system, packet, requests)
    try:
        decisions = store.write(lambda connection: _open_with(loaded, connection, system, store, at, requests))
    except sa.exc.SQLAlchemyError as error:
        return opening._unserved(error, requests)
    if not hasattr(decisions, "answers"):
        return opening._unserved(decisions, requests)
    return group_commit.Served(decisions.answers, partial(opening._publish, system, at, decisions))


def _open_with(
    loaded: list[Packet], connection: Any, system: System, store: Any, at: PacketId, requests: Sequence[OpenRequest]
) -> Any:
    """The row is locked for sharing, and written once it is known what is taken: two who do so fall to a deadlock."""
    row = connection.execute(_shared(tables_of(at).packets), {"id": str(at)}).first()
    if row is None:
        return _open_in(connection, system, store, at, requests)
    packet = loaded[-1] if loaded else Packet(*row)
    standing = {v.person: v for v in rows.opens_of(connection, at, {r.person for r in requests})}
    decisions = decide_opens(packet, standing, requests, store.now_us(connection), system.runtime.draw)
    loaded.append(decisions.packet)  # the rollback does not reach it: a second try takes from what the first one left
    if decisions.made:
        rows.insert_vouchers(connection, store, decisions.made, at)
        rows.update_packet(connection, packet, decisions.packet, at)
    return decisions


@cache
def _shared(packets: sa.Table) -> sa.Select[Any]:
    return sa.select(packets).where(packets.c.packet == sa.bindparam("id")).with_for_update(read=True)


def _plant() -> None:
    opening.serve_batch = _serve_with_a_session


MUTANT = Mutant(
    name="retry_remembers",
    row="W11",
    caught_by="open_order",
    summary="what a transaction took stays taken in memory when it falls to a deadlock, and the retry takes again",
    seen_in="retry decorators around a session whose objects keep what the rolled back try did to them",
    plant=_plant,
    dies_in="innodb",
    world="each_alone",
)
