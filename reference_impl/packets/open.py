"""Open (拆): takes a share and leaves a voucher in the same transaction (W06), together with all who wait (W11)."""

from collections.abc import Collection, Sequence
from functools import partial

import sqlalchemy as sa

from reference_impl.domain.crediting import due_now
from reference_impl.domain.errors import Refused
from reference_impl.domain.identifiers import PacketId, parse_packet_id
from reference_impl.domain.packet import OpenDecisions, OpenRequest, Voucher, decide_opens
from reference_impl.packets import cold, crediting, rows
from reference_impl.packets.group_commit import Served, leave, nothing
from reference_impl.packets.publish import publish
from reference_impl.packets.send import preordered
from reference_impl.stores.cache import CacheError
from reference_impl.stores.sql import Store
from reference_impl.system import System


def open_packet(system: System, at: PacketId, person: int, client_key: str) -> Voucher:
    """The person's voucher, new or standing under the same key (W22).

    Raises Refused: already_opened, sold_out, expired, void, not_paid, unknown_packet, limited; database errors mean it
    may have happened.
    """
    packet = str(at)
    system.limits.take("open_per_s", (packet, person, client_key))
    voucher: Voucher = system.opens.submit(packet, OpenRequest(person, client_key))
    return voucher


def serve_batch(system: System, packet: str, requests: Sequence[OpenRequest]) -> Served:
    """Serve opens of one packet in one transaction. One bad member is taken out by halving, and the rest run again."""
    at = parse_packet_id(packet)
    store = system.order_store(at)
    if store is None:
        return _unserved(Refused("unknown_packet", packet), requests)
    try:
        with system.samples.inside(packet, len(requests)):
            decisions = system.breakers.call(
                store.name, lambda: store.write(lambda connection: _open_in(connection, system, store, at, requests))
            )
    except (sa.exc.IntegrityError, sa.exc.DataError) as error:
        return _unserved(error, requests) if len(requests) == 1 else _serve_halves(system, packet, requests)
    except (sa.exc.SQLAlchemyError, CacheError, Refused) as error:
        return _unserved(error, requests)
    if isinstance(decisions, Refused):
        return _unserved(decisions, requests)
    now = due_now(decisions.made, crediting.levels(system))
    settle = partial(_settle, system, at, decisions.packet.sender, {v.sequence for v in now}) if now else leave
    return Served(decisions.answers, partial(_publish, system, at, decisions, now), settle)


def _serve_halves(system: System, packet: str, requests: Sequence[OpenRequest]) -> Served:
    middle = len(requests) // 2
    first = serve_batch(system, packet, requests[:middle])
    first.publish()
    second = serve_batch(system, packet, requests[middle:])
    return Served([*first.answers, *second.answers], second.publish, partial(_settle_both, first, second))


def _unserved(reason: Exception, requests: Sequence[OpenRequest]) -> Served:
    return Served([reason] * len(requests), nothing)


def _open_in(
    connection: sa.Connection, system: System, store: Store, at: PacketId, requests: Sequence[OpenRequest]
) -> OpenDecisions | Refused:
    locked = rows.lock_packet(connection, at)
    if locked is None:
        return _open_cold(system, at, requests)
    packet, now_us = locked
    standing = {v.person: v for v in rows.opens_of(connection, at, {r.person for r in requests})}
    decisions = decide_opens(packet, standing, requests, now_us, system.runtime.draw)
    if decisions.made:
        rows.insert_vouchers(connection, store, decisions.made, at)
        rows.update_packet(connection, packet, decisions.packet, at)
    return decisions


def _open_cold(system: System, at: PacketId, requests: Sequence[OpenRequest]) -> OpenDecisions | Refused:
    """What is cold is over: whoever opened it hears the same again (W22), everybody else why they cannot (W14)."""
    found = cold.load(system, at)
    if found is None:
        return Refused("not_paid" if preordered(system, str(at), at.tagged) else "unknown_packet", str(at))
    packet, opens = found
    return decide_opens(packet, {v.person: v for v in opens}, requests, packet.expires_us, system.runtime.draw)


def _publish(system: System, at: PacketId, decisions: OpenDecisions, now: Sequence[Voucher] = ()) -> None:
    if decisions.made:
        publish(system, at, decisions.packet, decisions.made, decisions.made, now)


def _settle(system: System, at: PacketId, sender: int, now: Collection[int], answer: Voucher | Refused) -> None:
    """Credit what is large before it is answered, each in its own request (W19); `now` are the sequences of those."""
    if isinstance(answer, Voucher) and answer.sequence in now:
        crediting.credit_now(system, sender, answer, at.tagged)


def _settle_both(first: Served, second: Served, answer: Voucher | Refused) -> None:
    first.settle(answer)
    second.settle(answer)
