from reference_impl.domain.identifiers import PacketId
from reference_impl.domain.packet import Voucher
from reference_impl.mutants import Mutant
from reference_impl.packets import expiry
from reference_impl.packets.publish import publish
from reference_impl.system import System


def _always_live(system: System, at: PacketId) -> Voucher | None:
    store = system.orders[at.region, at.shard]
    done = store.write(lambda connection: expiry._refund_in(connection, store, at))
    if done is None:
        return None
    voucher, packet, opens = done
    publish(system, at._replace(tagged=False), packet, [voucher], opens)
    return voucher


def _plant() -> None:
    expiry.refund = _always_live


MUTANT = Mutant(
    name="swept_without_tag",
    row="B20",
    caught_by="shadow_isolation",
    summary="the sweeper has no request and so no header with a tag: it tells the live side about tagged refunds",
    seen_in="pressure tests whose mark is a thread-local of the web server, which no timer task has",
    plant=_plant,
    world="tagged",
)
