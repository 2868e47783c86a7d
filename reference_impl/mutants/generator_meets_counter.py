import itertools

from reference_impl.domain.identifiers import COUNTER_SOURCE, PacketId
from reference_impl.domain.packet import Order
from reference_impl.mutants import Mutant
from reference_impl.packets import send
from reference_impl.system import System


def _in_the_first_epoch(system: System, region: str, wanted: Order, tagged: bool) -> PacketId:
    counter = vars(system.generator).setdefault("counter", itertools.count(1))
    return PacketId(region, tagged, COUNTER_SOURCE, system.runtime.today(), 0, 1, next(counter))


def _plant() -> None:
    send._numbered_by_generator = _in_the_first_epoch


MUTANT = Mutant(
    name="generator_meets_counter",
    caught_by="ids_unique",
    summary="numbers given while the cache is down lie in the range that the cache's counter gave or will give (W16)",
    seen_in="fallback sequences that start from a fixed offset and are caught up with by the real one",
    plant=_plant,
    world="cache_down",
    row="W16",
)
