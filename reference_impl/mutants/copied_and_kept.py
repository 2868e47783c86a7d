from collections.abc import Sequence

from reference_impl.mutants import Mutant
from reference_impl.packets import cooling
from reference_impl.packets.cooling import Place, Whole


def _only_the_new(place: Place, whole: Sequence[Whole]) -> list[Whole]:
    new = [each for each in whole if each.packet.packet not in _copied_before[place.cold.name]]
    return _verified(place, new) if new else []


def _remember_and_copy(place: Place, whole: Sequence[Whole]) -> bool:
    cold = _verified(place, whole)
    _copied_before[place.cold.name] = {each.packet.packet for each in cold}
    cooling._forget(place.cold, place.tagged, sorted(_copied_before[place.cold.name]))
    new = [each for each in whole if each not in cold]
    return not new or _copy(place, new)


_copied_before: dict[str, set[str]] = {}
_verified, _copy = cooling._verified, cooling._copy


def _plant() -> None:
    cooling._copy = _remember_and_copy
    cooling._verified = _only_the_new


MUTANT = Mutant(
    name="copied_and_kept",
    caught_by="hot_cold_once",
    summary="a migration that was interrupted takes what stands in the cold store as moved, and never deletes it (W14)",
    seen_in="archive jobs that resume after the last row that the archive holds",
    plant=_plant,
    world="day_rotation",
)
