import msgspec

from reference_impl.domain.errors import Refused
from reference_impl.domain.packet import Order
from reference_impl.ledger.ledger import Ledger
from reference_impl.mutants import Mutant

_pay = Ledger.pay


def _paid_anyway(self: Ledger, order: Order, tagged: bool) -> Order:
    try:
        return _pay(self, order, tagged)
    except Refused as refused:
        if refused.code != "insufficient_funds":
            raise
        store = self.shard(order.sender)
        now_us = store.read(store.now_us)
        return msgspec.structs.replace(order, paid_us=now_us, expires_us=now_us + order.lifetime_us)


def _plant() -> None:
    Ledger.pay = _paid_anyway


MUTANT = Mutant(
    name="overdrawn_swallowed",
    row="W05",
    caught_by="packet_funded_once",
    summary="a payment that failed for want of money goes on as if it had been made",
    seen_in="handlers that log the exception of the wallet service and continue",
    plant=_plant,
    world="pay_and_crash",
)
