from collections.abc import Sequence

from reference_impl.domain.errors import Refused
from reference_impl.domain.identifiers import parse_packet_id
from reference_impl.domain.packet import OpenRequest
from reference_impl.mutants import Mutant
from reference_impl.mutants.read_modify_write import serve_unlocked
from reference_impl.packets import group_commit
from reference_impl.packets import open as opening
from reference_impl.stores.cache import CacheError
from reference_impl.stores.layout import side
from reference_impl.system import System

LASTS_MS = 20
TRIES = 50


def _serve_under_lock(system: System, packet: str, requests: Sequence[OpenRequest]) -> group_commit.Served:
    name = f"{side(parse_packet_id(packet).tagged)}lock:{packet}"
    try:
        if not _taken(system, name):
            return opening._unserved(Refused("limited"), requests)
        served = serve_unlocked(system, packet, requests)
        system.cache.delete(name)
    except CacheError as error:
        return opening._unserved(error, requests)
    return served


def _taken(system: System, name: str) -> bool:
    for _ in range(TRIES):
        if system.cache.set(name, "taken", nx=True, px=LASTS_MS):
            return True
        system.runtime.sleep(0.001)
    return False


def _plant() -> None:
    opening.serve_batch = _serve_under_lock


MUTANT = Mutant(
    name="others_lock_deleted",
    row="W11",
    caught_by="open_order",
    summary="a lock in the cache instead of the row's: it runs out, and whoever is late deletes the next holder's",
    seen_in="Redis locks made with SETNX and a time limit, and released with a bare DEL",
    plant=_plant,
    world="hot_packet",
)
