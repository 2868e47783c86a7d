"""Stages: internal tests, a share of the users, everybody. What is awarded in one is apart from the others (B22).

Each person has a self a stage: an act_id whose second digit names the stage, as its first digit names the side. So
accounts, tokens, order numbers, coupons and withdrawals of a stage are its own, and a page shows one stage's.
"""

from hashlib import blake2b
from typing import Annotated, Final, Literal

import msgspec

from reference_impl.domain.errors import Refused

Stage = Literal["live", "gray", "internal"]
STAGES: Final[tuple[Stage, ...]] = ("live", "gray", "internal")
"""Each with its digit: its place."""
LIVE: Final[Stage] = STAGES[0]
_PLACE: Final = 10**13


class Pilot(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How far an activity is rolled out. It stays in the activity's file as long as anything of a stage is owned."""

    stage: Stage
    """Who takes part: testers alone, a share of the users as well, everybody."""
    gray_percent: Annotated[int, msgspec.Meta(ge=0, le=100)] = 0
    """So many of a hundred people, others in each occurrence."""
    testers: frozenset[int] = frozenset()
    """Act_ids of those who are in the internal stage whatever the others are in."""
    rains: frozenset[str] = frozenset()
    """Occurrences that began before it went live: who was in a stage then stays there."""

    def pins(self, rain: str) -> bool:
        """Whether it is remembered who took part in which stage of an occurrence."""
        return self.stage != LIVE or rain in self.rains


def stage_of(act: int) -> Stage:
    """The stage of an act_id. Raises Refused("bad_request") for a number that is none."""
    digit = act // _PLACE % 10
    if digit >= len(STAGES):
        raise Refused("bad_request", f"act {act}")
    return STAGES[digit]


def stage_digits(stage: str) -> int:
    """How much larger an act_id of a stage is than the same person's live one."""
    return STAGES.index(stage) * _PLACE


def in_stage(act: int, stage: str) -> int:
    """The same person's act_id in a stage."""
    return act - stage_digits(stage_of(act)) + stage_digits(stage)


def stage_for(pilot: Pilot | None, act: int, rain: str) -> str | None:
    """The stage in which the person with a live act_id would take part in an occurrence; None: in none yet."""
    if pilot is None:
        return LIVE
    if act in pilot.testers:
        return "internal"
    if pilot.stage == "gray" and _draw(act, rain) < pilot.gray_percent:
        return "gray"
    return LIVE if pilot.stage == LIVE else None


def _draw(act: int, rain: str) -> int:
    """A number below a hundred that this person always has in this occurrence."""
    return int.from_bytes(blake2b(f"{act}:{rain}".encode(), digest_size=8).digest()) % 100
