import sqlalchemy as sa

from reference_impl.domain.errors import Refused
from reference_impl.domain.identifiers import PacketId
from reference_impl.domain.packet import Voucher
from reference_impl.mutants import Mutant
from reference_impl.packets import open as opening
from reference_impl.system import System

_open_packet = opening.open_packet


def _surely_not(system: System, at: PacketId, person: int, client_key: str) -> Voucher:
    try:
        return _open_packet(system, at, person, client_key)
    except sa.exc.SQLAlchemyError:
        raise Refused("limited", "the database is busy") from None


def _plant() -> None:
    opening.open_packet = _surely_not


MUTANT = Mutant(
    name="timeout_refused",
    caught_by="no_phantom",
    summary="a commit whose answer was lost is reported as a refusal, and the share was taken",
    seen_in="services that map every database exception to 'busy, try again'",
    plant=_plant,
    world="hot_packet",
)
