from collections.abc import Sequence

from reference_impl.domain.packet import Packet
from reference_impl.mutants import Mutant
from reference_impl.packets import cooling
from reference_impl.packets.cooling import Place
from reference_impl.system import System


def _delete_then_copy(system: System, place: Place, packets: Sequence[Packet]) -> int:
    whole = cooling._settled(system, place, packets) if packets else []
    if not whole:
        return 0
    moved = cooling._delete(place, whole)
    cooling._copy(place, whole)
    cooling._forget(place.cold, place.tagged, moved)
    return len(moved)


def _plant() -> None:
    cooling._move = _delete_then_copy


MUTANT = Mutant(
    name="deleted_before_copied",
    caught_by="conservation",
    summary="packets are deleted from their day's table before their copy is committed in the cold store (W14)",
    seen_in="archive jobs that pop rows from one database into memory and write them to another",
    plant=_plant,
    world="day_rotation",
    row="W14",
)
