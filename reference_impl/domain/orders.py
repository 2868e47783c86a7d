"""The order number of an award: a person gets each scene's award of an occurrence once (B06).

{act_id}_{scene_id}_{rain_id}_{award_type}_{stage}
"""

import re
from typing import Final, NamedTuple

from reference_impl.domain.acts import is_act, is_tagged_act
from reference_impl.domain.errors import Refused

STAGES: Final = ("internal", "gray", "live")
"""Before the festival, for a share of the users, and for everybody; their data are apart (B22)."""

_COMPONENT: Final = re.compile(r"[A-Za-z0-9-]{1,16}")


class OrderNumber(NamedTuple):
    act: int
    scene: str
    rain: str
    """Names the occurrence: a shower, a draw, a day."""
    award_type: str
    stage: str

    def __str__(self) -> str:
        return f"{self.act}_{self.scene}_{self.rain}_{self.award_type}_{self.stage}"

    @property
    def tagged(self) -> bool:
        return is_tagged_act(self.act)


def order_number(act: int, scene: str, rain: str, award_type: str, stage: str) -> OrderNumber:
    """Raises Refused("bad_order") for a component that could be mistaken for another."""
    for component in (scene, rain, award_type):
        if not _COMPONENT.fullmatch(component):
            raise Refused("bad_order", f"component {component[:24]!r}")
    if not is_act(act) or stage not in STAGES:
        raise Refused("bad_order", f"act {act}, stage {stage[:24]!r}")
    return OrderNumber(act, scene, rain, award_type, stage)


def check_stage(stage: str) -> None:
    """Raises Refused("bad_order")."""
    if stage not in STAGES:
        raise Refused("bad_order", f"stage {stage[:24]!r}")


def parse_order(text: str) -> OrderNumber:
    """The parts of an order number. Raises Refused("bad_order")."""
    act, *parts = text.split("_")
    if len(parts) != len(OrderNumber._fields) - 1 or not (act.isascii() and act.isdigit() and len(act) == 15):
        raise Refused("bad_order", text[:96])
    return order_number(int(act), *parts)
