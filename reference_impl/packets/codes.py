"""Face to face: a short code that stands for a packet for a short while, instead of a group (W23).

A code begins with the digit of its packet's region, so that it can be routed as an id is, and lives in that region's
cache alone: losing it costs the sender another one, and a cache that lost everything may give it to somebody else. It
says which packet it is; whoever asked sees whose that is, and everything after it is the same core.
"""

from collections.abc import Iterator
from typing import Final

from reference_impl.domain.errors import Refused
from reference_impl.domain.identifiers import REGION_DIGITS, PacketId, parse_packet_id
from reference_impl.domain.packet import Packet
from reference_impl.packets import views
from reference_impl.packets.send import preordered
from reference_impl.stores.cache import code_key, code_of_key
from reference_impl.system import System

TRIES: Final = 8
"""So many codes of a length are tried before it is a longer one."""
OUTLIVES_S: Final = 5
"""So much longer a code is kept than it is told to its sender, so that none is told that is gone."""


def give_to(system: System, at: PacketId, sender: int) -> str:
    """The packet's code, for its sender. Raises Refused: unknown_packet, not_sender, limited."""
    order = preordered(system, str(at), at.tagged) or _paid(system, at)
    if order.sender != sender:
        raise Refused("not_sender")
    return give(system, at)


def give(system: System, at: PacketId) -> str:
    """The packet's code, the same while it lives. Raises Refused("limited") where all that were tried are taken."""
    told = system.cache.get(code_of_key(str(at), at.tagged))
    return str(told) if told else _new(system, at)


def find(system: System, code: str, tagged: bool) -> PacketId:
    """The packet that a code stands for. Raises Refused("unknown_code")."""
    is_code = code.isascii() and code.isdigit() and len(code) in system.settings.code_digits
    packet = system.cache.get(code_key(code, tagged)) if is_code else None
    if packet is None:
        raise Refused("unknown_code", code[:8])
    return parse_packet_id(str(packet))


def _paid(system: System, at: PacketId) -> Packet:
    loaded = views.load_packet(system, at)
    if loaded is None:
        raise Refused("unknown_packet", str(at))
    return loaded[0]


def _new(system: System, at: PacketId) -> str:
    """Take a code that nobody has; of two given to the same packet at once the first stays."""
    lasts_s = system.settings.code_s
    for code in _candidates(system, at):
        if system.cache.set(code_key(code, at.tagged), str(at), nx=True, ex=lasts_s + OUTLIVES_S):
            first = system.cache.set(code_of_key(str(at), at.tagged), code, nx=True, ex=lasts_s)
            return code if first else str(system.cache.get(code_of_key(str(at), at.tagged)) or code)
    raise Refused("limited", "all codes that were tried are taken")


def _candidates(system: System, at: PacketId) -> Iterator[str]:
    for digits in system.settings.code_digits:
        for _ in range(TRIES):
            yield f"{REGION_DIGITS[at.region]}{system.runtime.draw() % 10 ** (digits - 1):0{digits - 1}d}"
