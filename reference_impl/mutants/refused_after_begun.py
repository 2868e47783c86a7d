from typing import Any

from reference_impl.domain.errors import Refused
from reference_impl.mutants import Mutant
from reference_impl.packets import group_commit


def _give_up(self: group_commit.GroupCommit, room: Any, waiter: Any) -> bool:
    if not waiter.signal.wait(self._patience_s) and not waiter.leads:
        with self._lock:
            if waiter in room.waiting:
                room.waiting.remove(waiter)
        raise Refused("limited", "its turn did not come")
    return bool(waiter.leads)


def _plant() -> None:
    group_commit.GroupCommit._wait = _give_up


MUTANT = Mutant(
    name="refused_after_begun",
    row="W11",
    caught_by="no_phantom",
    summary="who has waited too long is refused, although the transaction with their open in it has begun",
    seen_in="gateways that answer 429 at a time-out while the request goes on behind them",
    plant=_plant,
    world="hot_packet",
)
