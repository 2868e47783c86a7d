from reference_impl.mutants import Mutant
from reference_impl.packets import cooling
from reference_impl.packets.cooling import Place
from reference_impl.system import System


def _empty_the_next(system: System, place: Place) -> int:
    moved = _cool(system, place)
    if place.next:
        for table in place.tables:
            place.hot.write(lambda connection, table=table: connection.execute(table.delete()))  # type: ignore[misc]
    return moved


_cool = cooling.cool


def _plant() -> None:
    cooling.cool = _empty_the_next


MUTANT = Mutant(
    name="cleared_by_day_of_month",
    caught_by="no_lost_acknowledgement",
    summary="the next day's table is emptied by its name: packets that bear the new date already go with the old (W14)",
    seen_in="rotating tables that a cron job truncates around midnight, on servers whose clocks differ",
    plant=_plant,
    world="day_rotation",
    row="W14",
)
