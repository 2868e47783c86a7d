"""Repairing: what the cache missed is written anew from the database (W09).

A message says only which packet; what is written is what the database says by then. While the cache does not answer,
messages stay where they are.
"""

import sqlalchemy as sa

from reference_impl.domain.errors import Refused
from reference_impl.domain.identifiers import PacketId, parse_packet_id
from reference_impl.packets import consuming, views
from reference_impl.packets.consuming import Job
from reference_impl.stores import stream
from reference_impl.stores.cache import packet_key
from reference_impl.system import System


def handle(system: System, message: stream.Message, tagged: bool) -> None:
    """Repair one packet, then acknowledge the message. Raises CacheError where the cache or the stream is gone."""
    miss: stream.Miss = message.body
    try:
        at = parse_packet_id(miss.packet)
        if at.tagged != tagged or system.order_store(at) is None:
            raise Refused("unknown_packet", miss.packet)
        if not is_made_up_for(system, at, miss.left):
            repair(system, at)
    except (sa.exc.SQLAlchemyError, Refused) as error:
        consuming.compensate(system, JOB, message, tagged, error)
    stream.acknowledge(system.stream, message)


def is_made_up_for(system: System, at: PacketId, left: int) -> bool:
    """Whether the cache has the packet whole, with so few shares left: later writes brought what it missed."""
    body, held = system.cache.hmget(packet_key(str(at), at.tagged), (views.BODY, views.LEFT))
    return body is not None and int(held or 0) <= left


def repair(system: System, at: PacketId) -> None:
    """Bring the cache up to the database. What is newer in the cache stays."""
    loaded = views.load_packet(system, at)
    if loaded is not None:
        views.write_packet(system.cache, *loaded, at.tagged)


JOB = Job(stream.REPAIR, stream.REPAIR_AGAIN, lambda *arguments: handle(*arguments))
