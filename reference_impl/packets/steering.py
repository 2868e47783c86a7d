"""Where new packets go: what operators have set, and which order databases work (W03, W04)."""

from functools import partial

import sqlalchemy as sa

from reference_impl.domain.steering import region_of, spread
from reference_impl.stores.layout import PROBES
from reference_impl.stores.sql import Store
from reference_impl.system import System


def region_for(system: System, access: str, sender: int, client_key: str) -> str:
    """The region of a new packet. A key that goes by share goes the same way every time."""
    return region_of(
        access=access,
        percent=system.controls.value("north_percent"),
        place=spread(sender, client_key, 100),
        forced=_forced(system),
        healthy=[region for region in system.settings.regions if is_healthy(system, region)],
        regions=system.settings.regions,
    )


def is_healthy(system: System, region: str) -> bool:
    """Whether every order database of a region takes writes, as far as this process knows; those that rested are tried
    on the side, so that no sender waits for one that fails."""
    stores = (store for (of, _), store in system.orders.items() if of == region)
    broken = [store for store in stores if system.breakers.is_open(store.name)]
    for store in broken:
        if system.breakers.may_try(store.name):
            system.runtime.spawn(f"probe {store.name}", partial(_probe, system, store))
    return not broken


def _forced(system: System) -> str | None:
    if system.controls.on("steer_north"):
        return "north"
    return "south" if system.controls.on("steer_south") else None


def _probe(system: System, store: Store) -> None:
    """Write a row; its failure has told the breaker all there is to say."""
    row = {"process": system.name, "probes": 1}
    try:
        system.breakers.tried(
            store.name, lambda: store.write(lambda connection: store.add_to(connection, PROBES, [row], "probes"))
        )
    except sa.exc.SQLAlchemyError:
        return
