"""W11: comparing and raising are one step or none."""

from typing import Any

from reference_impl.domain.errors import Refused
from reference_impl.mutants import Mutant
from reference_impl.packets import group_commit


def _in_two_steps(self: group_commit.EachAlone, key: str, request: Any) -> Any:
    with self._lock:
        inside = self._inside.get(key, 0)
    if inside >= self._most:
        raise Refused("limited", "too many opens of this packet at once")
    with self._lock:
        self._inside[key] = self._inside.get(key, 0) + 1
    try:
        served = self._batch(key, [request])
        served.publish()
    finally:
        with self._lock:
            self._inside[key] -= 1
    served.settle(served.answers[0])
    return group_commit._answer(served.answers[0])


def _plant() -> None:
    group_commit.EachAlone.submit = _in_two_steps


MUTANT = Mutant(
    name="cap_compared_then_raised",
    caught_by="cap_respected",
    summary="the counter is read and compared, and raised later: those who come between see room as well",
    seen_in="limiters that GET a counter, compare it and INCR it",
    plant=_plant,
    world="cap",
    row="W11",
)
