"""The act_id: the one identity of a person over eight apps and two account systems (B01).

An act_id is a number of fifteen digits whose first says whether it belongs to pressure traffic (Money rule 11), and
whose second in which stage of the campaign it is (B22), so that everything that is made of it, order numbers, tokens,
accounts, says so too.
"""

from typing import Final

from reference_impl.domain.errors import Refused
from reference_impl.domain.stages import STAGES

APPS: Final = {
    "douyin": "douyin",
    "huoshan": "douyin",
    "douyinlite": "douyin",
    "xigua": "toutiao",
    "toutiao": "toutiao",
    "toutiaolite": "toutiao",
    "novel": "toutiao",
    "listen": "toutiao",
}
"""App → account system: Douyin, Douyin Huoshan, Douyin Lite, Xigua, Toutiao, Toutiao Lite, Fanqie Novel and Listen."""

APP_IDS: Final = {app: number for number, app in enumerate(APPS, start=1)}
_SIDE: Final = 10**14
_NUMBERS: Final = 10**13


def act_id(number: int, tagged: bool) -> int:
    """The `number`-th act_id of its side, from 1, in stage live."""
    return _SIDE * (2 if tagged else 1) + number


def is_act(act: int) -> bool:
    """Whether a number can be an act_id."""
    return _SIDE < act < 3 * _SIDE and act % _NUMBERS > 0 and act % _SIDE < len(STAGES) * _NUMBERS


def is_tagged_act(act: int) -> bool:
    """Whether a person is pressure traffic."""
    return act > 2 * _SIDE


def check_act(act: int, tagged: bool) -> None:
    """Raises Refused: bad_request for what is no act_id; tag_mismatch where it and the request's tag say different
    sides (Money rule 11)."""
    if not is_act(act):
        raise Refused("bad_request", f"act {act}")
    if is_tagged_act(act) != tagged:
        raise Refused("tag_mismatch", str(act))
