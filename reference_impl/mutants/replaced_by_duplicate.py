from typing import Any

from reference_impl.domain.identifiers import PacketId
from reference_impl.domain.packet import Packet
from reference_impl.mutants import Mutant
from reference_impl.packets import rows
from reference_impl.stores.layout import tables_of

_insert_packet = rows.insert_packet


def _replace_packet(connection: Any, packet: Packet, at: PacketId, until_us: int | None = None) -> bool:
    packets = tables_of(at).packets
    connection.execute(packets.delete().where(packets.c.packet == packet.packet))
    return _insert_packet(connection, packet, at, until_us)


def _plant() -> None:
    rows.insert_packet = _replace_packet


MUTANT = Mutant(
    name="replaced_by_duplicate",
    row="W22",
    caught_by="conservation",
    summary="paying a second time replaces the packet's row: what was opened or refunded before is in it again",
    seen_in="REPLACE INTO, and `save` of an object mapper where an insert is meant",
    plant=_plant,
    world="late_payment",
)
