from reference_impl.domain.errors import Refused
from reference_impl.domain.identifiers import PacketId
from reference_impl.mutants import Mutant
from reference_impl.packets import grab as grabbing
from reference_impl.packets import views
from reference_impl.stores.cache import packet_key
from reference_impl.system import System

_grab = grabbing.grab


def _take_one(system: System, at: PacketId, person: int) -> None:
    _grab(system, at, person)
    if int(system.cache.hincrby(packet_key(str(at), at.tagged), views.LEFT, -1)) < 0:
        raise Refused("sold_out")


def _plant() -> None:
    grabbing.grab = _take_one


MUTANT = Mutant(
    name="reservation_not_released",
    row="W12",
    caught_by="sold_out_is_final",
    summary="grabbing takes a share from the cache's count, and nobody puts it back when no open follows",
    seen_in="flash sales that reduce the stock in Redis first and never give it back after the last retry failed",
    plant=_plant,
    world="hot_packet",
)
