from collections.abc import Sequence
from typing import Any

import msgspec

from reference_impl.domain.identifiers import PacketId
from reference_impl.domain.packet import OpenDecisions, OpenRequest, Voucher
from reference_impl.mutants import Mutant
from reference_impl.packets import open as opening
from reference_impl.stores.layout import side
from reference_impl.system import System

_open_packet = opening.open_packet
_open_in = opening._open_in


def _as_it_was_answered(system: System, at: PacketId, person: int, client_key: str) -> Voucher:
    answer = system.cache.get(_answer_key(at, person, client_key))
    return msgspec.json.decode(answer, type=Voucher) if answer else _open_packet(system, at, person, client_key)


def _remember_answers(
    connection: Any, system: System, store: Any, at: PacketId, requests: Sequence[OpenRequest]
) -> OpenDecisions | Any:
    decisions = _open_in(connection, system, store, at, requests)
    for voucher in decisions.made if isinstance(decisions, OpenDecisions) else ():
        system.cache.set(_answer_key(at, voucher.person, voucher.client_key), msgspec.json.encode(voucher), ex=60)
    return decisions


def _answer_key(at: PacketId, person: int, client_key: str) -> str:
    return f"{side(at.tagged)}answer:{at}:{person}:{client_key}"


def _plant() -> None:
    opening.open_packet = _as_it_was_answered
    opening._open_in = _remember_answers


MUTANT = Mutant(
    name="answer_from_cache",
    row="W22",
    caught_by="no_lost_acknowledgement",
    summary="a repeated request is answered from what the cache was told before the commit, whatever became of that",
    seen_in="idempotency middlewares that store an answer in Redis apart from the transaction it belongs to",
    plant=_plant,
    world="hot_packet",
)
