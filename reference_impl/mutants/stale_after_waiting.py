"""SQLite cannot show this: a transaction that begins with BEGIN IMMEDIATE waits before it reads anything, and what it
reads afterwards is the newest."""

from collections.abc import Sequence
from typing import Any

from reference_impl.domain.identifiers import PacketId
from reference_impl.domain.packet import OpenRequest
from reference_impl.mutants import Mutant
from reference_impl.mutants.check_then_insert import without_unique_key
from reference_impl.mutants.isolation import repeatable_read
from reference_impl.packets import open as opening
from reference_impl.packets import rows
from reference_impl.stores.sql import Store
from reference_impl.system import System

_open_in = opening._open_in


def _look_then_lock(
    connection: Any, system: System, store: Store, at: PacketId, requests: Sequence[OpenRequest]
) -> Any:
    """The first read makes the snapshot, before the lock is waited for. Who has opened is read from it."""
    rows.read_packet(connection, at)
    return _open_in(connection, system, store, at, requests)


def _plant() -> None:
    repeatable_read()
    without_unique_key()
    opening._open_in = _look_then_lock


MUTANT = Mutant(
    name="stale_after_waiting",
    row="W22",
    caught_by="one_open_per_user",
    summary="a read before the lock fixes the snapshot under REPEATABLE READ: what the last holder wrote is not in it",
    seen_in="services that validate by a plain SELECT, lock with FOR UPDATE, and look for duplicates by a plain one",
    plant=_plant,
    dies_in="innodb",
    world="each_alone",
)
