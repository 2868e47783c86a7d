"""How much is still under way: nothing, once every queue is drained and every difference repaired."""

from reference_impl import reconcile
from reference_impl.packets.expiry import due_packets
from reference_impl.stores import stream
from reference_impl.system import System
from reference_impl.wallet.token_store import TOPICS

MOST_DUE = 1000


def pending(system: System) -> int:
    """Messages in streams; where there are none, refunds due, and what each reconciliation finds missing."""
    waiting = sum(stream.backlog(system.stream, tagged) for tagged in system.sides())
    if system.desk is not None:
        waiting += sum(stream.backlog(system.desk.tokens.client, tagged, TOPICS) for tagged in system.sides())
    if waiting:
        return waiting
    until_us = system.runtime.now_us() + 60_000_000
    refunds = sum(len(due_packets(store, tables, MOST_DUE)) for store, tables in system.day_tables())
    missing = (int(reconcile.find(name).count_missing(system, 0, until_us)) for name in reconcile.NAMES)
    return refunds + sum(missing)
