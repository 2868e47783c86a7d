from collections.abc import Mapping
from typing import Any

import msgspec

from reference_impl.domain import packet as domain
from reference_impl.domain.packet import OpenDecisions, Packet, Voucher
from reference_impl.mutants import Mutant
from reference_impl.packets import open as opening


def _only_who(packet: Packet, standing: Mapping[int, Voucher], *asked: Any) -> OpenDecisions:
    keyless = {person: msgspec.structs.replace(voucher, client_key="") for person, voucher in standing.items()}
    return domain.decide_opens(packet, keyless, *asked)


def _plant() -> None:
    opening.decide_opens = _only_who


MUTANT = Mutant(
    name="key_forgotten",
    row="W22",
    caught_by="idempotent_requests",
    summary="who asks again under the same key is told 'already opened' and never learns the amount",
    seen_in="APIs that answer a retry after a time-out with the error for a duplicate",
    plant=_plant,
    world="hot_packet",
)
