from reference_impl.domain.identifiers import PacketId
from reference_impl.mutants import Mutant
from reference_impl.stores.sql import Store
from reference_impl.system import System


def _by_shard_alone(system: System, packet: PacketId) -> Store | None:
    return next((store for (_, shard), store in system.orders.items() if shard == packet.shard), None)


def _plant() -> None:
    System.order_store = _by_shard_alone


MUTANT = Mutant(
    name="stored_in_the_other_region",
    caught_by="region_closure",
    summary="a packet's database is chosen by its shard and not by its region: north's packets are stored south (W01)",
    seen_in="routers that were written for one region and got a second list of databases later",
    plant=_plant,
    row="W01",
)
