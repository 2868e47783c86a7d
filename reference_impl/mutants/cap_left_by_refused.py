"""W11: who never came in cannot leave."""

from typing import Any

from reference_impl.domain.errors import Refused
from reference_impl.mutants import Mutant
from reference_impl.packets import group_commit


def _always_leaves(self: group_commit.EachAlone, key: str, request: Any) -> Any:
    try:
        with self._lock:
            if self._inside.get(key, 0) >= self._most:
                raise Refused("limited", "too many opens of this packet at once")
            self._inside[key] = self._inside.get(key, 0) + 1
        served = self._batch(key, [request])
        served.publish()
        served.settle(served.answers[0])
        return group_commit._answer(served.answers[0])
    finally:
        with self._lock:
            self._inside[key] -= 1


def _plant() -> None:
    group_commit.EachAlone.submit = _always_leaves


MUTANT = Mutant(
    name="cap_left_by_refused",
    caught_by="cap_respected",
    summary="whoever is refused at the cap leaves as if they had been inside: each refusal makes room for one too many",
    seen_in="semaphores released in a finally that also runs where they were not acquired",
    plant=_plant,
    world="cap",
    row="W11",
)
