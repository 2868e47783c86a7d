from collections.abc import Sequence
from functools import partial

from reference_impl.domain.packet import Packet
from reference_impl.mutants import Mutant
from reference_impl.packets import cold_rows, cooling
from reference_impl.packets.cooling import Place
from reference_impl.system import System


def _only_what_is_new(system: System, place: Place, packets: Sequence[Packet]) -> int:
    names = [packet.packet for packet in packets]
    copied = place.cold.read(partial(cold_rows.standing, tagged=place.tagged, packets=names)) if names else set()
    cooling._forget(place.cold, place.tagged, sorted(copied))
    return _move(system, place, [packet for packet in packets if packet.packet not in copied])


_move = cooling._move


def _plant() -> None:
    cooling._move = _only_what_is_new


MUTANT = Mutant(
    name="copied_and_kept",
    caught_by="hot_cold_once",
    summary="a migration that was interrupted takes what stands in the cold store as moved, and never deletes it (W14)",
    seen_in="archive jobs that resume after the last row that the archive holds",
    plant=_plant,
    world="day_rotation",
    row="W14",
)
