import msgspec

from reference_impl.domain.identifiers import parse_packet_id
from reference_impl.domain.packet import Order
from reference_impl.mutants import Mutant
from reference_impl.packets import pay, send
from reference_impl.system import System

_keep = send._keep


def _stand_at_once(system: System, order: Order, key: str, tagged: bool) -> Order | None:
    kept = _keep(system, order, key, tagged)
    if kept is None:
        return None
    now_us = system.runtime.now_us()
    lasting = msgspec.structs.replace(kept, paid_us=now_us, expires_us=now_us + kept.lifetime_us)
    pay.establish(system, parse_packet_id(kept.packet), pay.paid_packet(lasting))
    return kept


def _plant() -> None:
    send._keep = _stand_at_once


MUTANT = Mutant(
    name="unpaid_row",
    caught_by="packet_funded_once",
    summary="a preorder becomes a row of the database at once, where people can open it before anybody paid (W05)",
    seen_in="order tables with a default state that readers take for a paid one",
    plant=_plant,
    world="pay_and_crash",
    row="W05",
)
