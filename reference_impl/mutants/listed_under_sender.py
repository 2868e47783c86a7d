from typing import Any

import msgspec

from reference_impl.domain.identifiers import parse_packet_id
from reference_impl.domain.lists import RECEIVED
from reference_impl.mutants import Mutant
from reference_impl.packets import listing
from reference_impl.packets.views import load_packet
from reference_impl.system import System

_write = listing.write


def _keyed_by_sender(system: System, lines: Any, tagged: bool) -> None:
    """Of each packet the message speaks of the sender is looked up, and whose line it is forgotten."""
    _write(system, [_line_of_sender(system, line) for line in lines], tagged)


def _line_of_sender(system: System, line: Any) -> Any:
    loaded = load_packet(system, parse_packet_id(line.packet)) if line.box == RECEIVED else None
    return msgspec.structs.replace(line, person=loaded[0].sender) if loaded else line


def _plant() -> None:
    listing.write = _keyed_by_sender


MUTANT = Mutant(
    name="listed_under_sender",
    caught_by="lists_agree",
    summary="what somebody received is written into the list of the packet's sender, by whose id the table is sharded",
    seen_in="tables with two people in a row, of whom the writer takes the one that the shard was found by",
    plant=_plant,
    world="lists",
    row="W02",
)
