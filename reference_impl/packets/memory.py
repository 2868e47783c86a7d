"""What one process remembers of packets: the level between the cache and the database (W08).

An entry is right as of a moment and is forgotten soon after, so that another process's opens are unseen for a bounded
time. It is whole or not there. Threads need no lock: an entry is replaced in one step, and its opens only grow.
"""

from collections import OrderedDict
from collections.abc import Sequence
from contextlib import suppress
from typing import NamedTuple

from reference_impl.domain.identifiers import PacketId
from reference_impl.domain.packet import Packet, Voucher, taken_shares
from reference_impl.runtime import Runtime


class _Entry(NamedTuple):
    packet: Packet
    taken: int
    opens: list[Voucher]
    """By sequence; those beyond `taken` came after `packet`."""
    people: set[int]
    as_of_us: int


class Memory:
    """At most `most` packets, each for at most `lasts_s`; those that were not used for longest go first."""

    def __init__(self, runtime: Runtime, *, most: int, lasts_s: float) -> None:
        self._runtime = runtime
        self._most = most
        self._lasts_us = int(lasts_s * 1_000_000)
        self._entries: OrderedDict[str, _Entry] = OrderedDict()

    def packet(self, at: PacketId, person: int) -> tuple[Packet, bool] | None:
        """The packet, and whether this person has opened it; None where that is not known."""
        entry = self._fresh(at)
        return (entry.packet, person in entry.people) if entry else None

    def whole(self, at: PacketId) -> tuple[Packet, list[Voucher]] | None:
        """The packet and its opens in order; None where they are not known."""
        entry = self._fresh(at)
        return (entry.packet, entry.opens[: entry.taken]) if entry else None

    def put(self, packet: Packet, opens: Sequence[Voucher], as_of_us: int) -> None:
        """Remember a packet with all its opens as they stood at a moment, unless what is known is newer."""
        known = self._entries.get(packet.packet)
        if known is None or known.packet.remaining_shares >= packet.remaining_shares:
            people = {voucher.person for voucher in opens}
            self._keep(_Entry(packet, len(opens), list(opens), people, as_of_us))

    def learn(self, packet: Packet, made: Sequence[Voucher]) -> None:
        """Remember what this process has just committed: `made` are the newest opens, or all there are."""
        now_us = self._runtime.now_us()
        taken = taken_shares(packet, len(made))
        known = self._entries.get(packet.packet)
        if taken == len(made):
            self.put(packet, made, now_us)
        elif known is not None and len(known.opens) + len(made) == taken:
            known.opens.extend(made)
            known.people.update(voucher.person for voucher in made)
            self._keep(_Entry(packet, taken, known.opens, known.people, now_us))
        else:  # another process has opened it, too
            self._entries.pop(packet.packet, None)

    def _fresh(self, at: PacketId) -> _Entry | None:
        key = str(at)
        entry = self._entries.get(key)
        if entry is None or not 0 <= self._runtime.now_us() - entry.as_of_us <= self._lasts_us:
            return None
        self._touch(key)
        return entry

    def _keep(self, entry: _Entry) -> None:
        key = entry.packet.packet
        self._entries[key] = entry
        self._touch(key)
        while len(self._entries) > self._most:
            self._entries.popitem(last=False)

    def _touch(self, key: str) -> None:
        with suppress(KeyError):  # another thread has just forgotten it
            self._entries.move_to_end(key)
