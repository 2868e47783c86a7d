"""SQLite cannot show this: with one writer at a time no transaction is chosen as a deadlock's victim and run again."""

from collections.abc import Sequence
from functools import cache, partial
from typing import Any

import sqlalchemy as sa

from reference_impl.domain.errors import Refused
from reference_impl.domain.identifiers import parse_packet_id
from reference_impl.domain.packet import OpenDecisions, OpenRequest
from reference_impl.mutants import Mutant
from reference_impl.mutants.decided import open_in
from reference_impl.packets import group_commit, rows
from reference_impl.packets import open as opening
from reference_impl.stores.sql import DatabaseClock
from reference_impl.system import System


@cache
def _share(packets: sa.Table) -> sa.Select[Any]:
    """Two may read the row at once, and then each waits for the other to let go: one of them has to begin again."""
    row = sa.select(packets, DatabaseClock()).where(packets.c.packet == sa.bindparam("id"))
    return row.with_for_update(read=True)


def _serve_batch(system: System, packet: str, requests: Sequence[OpenRequest]) -> group_commit.Served:
    """What is to be answered is collected while the transaction runs, and nobody empties the list for the next try."""
    at = parse_packet_id(packet)
    store = system.orders[at.region, at.shard]
    decided: list[OpenDecisions] = []
    try:
        done = store.write(lambda connection: open_in(connection, system, store, at, requests, decided))
    except sa.exc.SQLAlchemyError as error:
        return opening._unserved(error, requests)
    if isinstance(done, Refused):
        return opening._unserved(done, requests)
    return group_commit.Served(decided[0].answers, partial(opening._publish, system, at, done))


def _plant() -> None:
    rows._lock = _share
    opening.serve_batch = _serve_batch


MUTANT = Mutant(
    name="first_try_answered",
    caught_by="no_lost_acknowledgement",
    summary="a transaction that a deadlock rolled back is run again, and people are told what its first try decided",
    seen_in="results collected on a list inside a function that a retry decorator calls a second time",
    plant=_plant,
    dies_in="innodb",
    world="each_alone",
)
