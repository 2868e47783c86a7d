from collections.abc import Sequence
from typing import Any

import msgspec

from reference_impl.domain.errors import Refused
from reference_impl.domain.identifiers import parse_packet_id
from reference_impl.domain.packet import OpenRequest, decide_opens
from reference_impl.mutants import Mutant
from reference_impl.packets import group_commit, rows
from reference_impl.packets import open as opening
from reference_impl.stores.layout import tables_of
from reference_impl.system import System


def _serve_alone(self: group_commit.GroupCommit, key: str, request: Any) -> Any:
    served = self._batch(key, [request])
    served.publish()
    return group_commit._answer(served.answers[0])


def serve_unlocked(system: System, packet: str, requests: Sequence[OpenRequest]) -> group_commit.Served:
    """Read the remainder in one transaction, write it back in another."""
    at = parse_packet_id(packet)
    store = system.order_store(at)
    if store is None:
        return opening._unserved(Refused("unknown_packet"), requests)
    before = store.read(lambda c: rows.read_packet(c, at))
    if before is None:
        return opening._unserved(Refused("unknown_packet"), requests)
    standing = {v.person: v for v in store.read(lambda c: rows.opens_of(c, at, {r.person for r in requests}))}
    decisions = decide_opens(before, standing, requests, system.runtime.now_us(), system.runtime.draw)

    def write(connection: Any) -> list[Any]:
        taken = len(rows.opens_of(connection, at))
        made = [msgspec.structs.replace(v, sequence=taken + place) for place, v in enumerate(decisions.made, 1)]
        rows.insert_vouchers(connection, store, made, at)
        packets = tables_of(at).packets
        connection.execute(
            packets.update()
            .where(packets.c.packet == packet)
            .values(
                remaining_fen=decisions.packet.remaining_fen,
                remaining_shares=decisions.packet.remaining_shares,
                state=decisions.packet.state,
            )
        )
        return made

    if not decisions.made:
        return group_commit.Served(decisions.answers, group_commit.nothing)
    made = store.write(write)
    told = msgspec.structs.replace(decisions, made=made)
    return group_commit.Served(made, lambda: opening._publish(system, at, told))


def _plant() -> None:
    group_commit.GroupCommit.submit = _serve_alone
    opening.serve_batch = serve_unlocked


MUTANT = Mutant(
    name="read_modify_write",
    row="W11",
    caught_by="no_overspend",
    summary="the remainder is read without a lock, reduced in the program and written back",
    seen_in="red-packet demos that load the row, subtract and save it through an ORM",
    plant=_plant,
    world="hot_packet",
)
