"""W22: a key is its person's own."""

from typing import Any

from reference_impl.domain.packet import Voucher
from reference_impl.mutants import Mutant
from reference_impl.packets import group_commit

_submit = group_commit.EachAlone.submit


def _remembered(self: Any, key: str, request: Any) -> Any:
    answers: dict[tuple[str, str], Voucher] = self.__dict__.setdefault("answers", {})
    asked = key, request.client_key
    if asked not in answers:
        answers[asked] = _submit(self, key, request)
    return answers[asked]


def _plant() -> None:
    group_commit.EachAlone.submit = _remembered


MUTANT = Mutant(
    name="anothers_answer",
    caught_by="no_lost_acknowledgement",
    summary="answers are remembered by key alone: who uses a key that another used is told the other's share",
    seen_in="idempotency middleware whose cache is keyed by the header and not by who is asking",
    plant=_plant,
    world="cap",
    row="W22",
)
