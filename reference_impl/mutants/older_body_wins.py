"""Breaks W09."""

from collections.abc import Sequence
from typing import Any

import msgspec

from reference_impl.domain.packet import Packet, Voucher, taken_shares
from reference_impl.mutants import Mutant
from reference_impl.packets import views
from reference_impl.stores.cache import packet_key, person_field


def _overwrite(cache: Any, packet: Packet, made: Sequence[Voucher], tagged: bool) -> None:
    taken = taken_shares(packet, len(made))
    body = {"body": msgspec.json.encode(packet), "left": packet.remaining_shares, "taken": taken}
    lines = {person_field(v.person): msgspec.json.encode(views.opened(v)) for v in made}
    cache.hset(packet_key(packet.packet, tagged), mapping={**body, **lines})


def _plant() -> None:
    views.write_packet = _overwrite


MUTANT = Mutant(
    name="older_body_wins",
    caught_by="cache_agrees",
    summary="whoever writes the cache last wins: an open's late write puts a refunded packet back to paid (W09)",
    seen_in="cache-aside code that sets the whole object after each commit, with no version to compare",
    plant=_plant,
    beside="cache_never_reconciled",
    faults="none",
    world="cache_repair",
    row="W09",
)
