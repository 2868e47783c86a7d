from collections.abc import Collection

from reference_impl.domain.errors import Refused
from reference_impl.domain.identifiers import PacketId
from reference_impl.domain.packet import Packet, Voucher
from reference_impl.mutants import Mutant
from reference_impl.packets import fallback
from reference_impl.system import System

_guarded = fallback.guarded


def _nothing_left(system: System, at: PacketId, persons: Collection[int] | None = None) -> tuple[Packet, list[Voucher]]:
    try:
        return _guarded(system, at, persons)
    except Refused as refused:
        raise Refused("sold_out" if refused.code == "limited" else refused.code) from None


def _plant() -> None:
    fallback.guarded = _nothing_left


MUTANT = Mutant(
    name="limited_is_sold_out",
    caught_by="sold_out_is_final",
    summary="while the cache is down, grabs that the database's guard turns away are told that it is sold out (W17)",
    seen_in="fallbacks of circuit breakers that answer with an empty result instead of an error",
    plant=_plant,
    world="cache_down",
)
