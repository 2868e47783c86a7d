"""Part of some mutants: opens in a transaction whose decisions others know before they are written."""

from collections.abc import Sequence
from typing import Any

from reference_impl.domain.errors import Refused
from reference_impl.domain.identifiers import PacketId
from reference_impl.domain.packet import OpenDecisions, OpenRequest, decide_opens
from reference_impl.packets import rows
from reference_impl.stores.sql import Store
from reference_impl.system import System


def open_in(
    connection: Any,
    system: System,
    store: Store,
    at: PacketId,
    requests: Sequence[OpenRequest],
    decided: list[OpenDecisions],
) -> OpenDecisions | Refused:
    """As packets/open.py does it, but what is decided is appended to `decided` at once."""
    locked = rows.lock_packet(connection, at)
    if locked is None:
        return Refused("not_paid")
    packet, now_us = locked
    standing = {v.person: v for v in rows.opens_of(connection, at, {r.person for r in requests})}
    decisions = decide_opens(packet, standing, requests, now_us, system.runtime.draw)
    decided.append(decisions)
    if decisions.made:
        rows.insert_vouchers(connection, store, decisions.made, at)
        rows.update_packet(connection, packet, decisions.packet, at)
    return decisions
