import sqlalchemy as sa

from reference_impl.domain.errors import Refused
from reference_impl.domain.identifiers import PacketId
from reference_impl.domain.packet import Packet
from reference_impl.mutants import Mutant
from reference_impl.packets import pay as paying
from reference_impl.system import System

_pay = paying.pay


def _surely_not(system: System, at: PacketId, sender: int) -> Packet:
    try:
        return _pay(system, at, sender)
    except sa.exc.SQLAlchemyError:
        raise Refused("limited", "the database is busy") from None


def _plant() -> None:
    paying.pay = _surely_not


MUTANT = Mutant(
    name="timeout_refused",
    row="W22",
    caught_by="no_phantom",
    summary="a payment whose answer was lost is reported as a refusal, and the money has moved",
    seen_in="services that map every database exception to 'busy, try again'",
    plant=_plant,
    world="pay_and_crash",
)
