"""Who somebody is: which act_id an identity has, and when two act_ids turn out to be one person (B01).

An identity is an account system and a user id in it. The phone number wins: who brings a phone number that has an
act_id has that act_id from now on.
"""

import re
from typing import Final, NamedTuple

from reference_impl.domain.acts import APPS
from reference_impl.domain.errors import Refused

_PHONE: Final = re.compile(r"\+?[0-9]{6,15}")
_UID: Final = re.compile(r"[A-Za-z0-9-]{1,40}")


class Identity(NamedTuple):
    system: str
    uid: str


class Joining(NamedTuple):
    """The act_id somebody has from now on, None where one has to be made; `merged` becomes an alias of it."""

    act: int | None
    merged: int | None = None


def join(own: int | None, owner: int | None) -> Joining:
    """What becomes of an identity that has the act_id `own` and brings a phone number that has `owner`."""
    if own is None or owner is None or own == owner:
        return Joining(owner if own is None else own)
    return Joining(owner, merged=own)


def identity(app: str, uid: str) -> Identity:
    """The identity of a user of one of the eight apps. Raises Refused("bad_request")."""
    if app not in APPS:
        raise Refused("bad_request", f"app {app[:24]!r}")
    if not _UID.fullmatch(uid):
        raise Refused("bad_request", f"uid {uid[:40]!r}")
    return Identity(APPS[app], uid)


def phone_number(text: str) -> str:
    """The digits of a phone number. Raises Refused("bad_request")."""
    if not _PHONE.fullmatch(text):
        raise Refused("bad_request", "this is no phone number")
    return text.removeprefix("+")
