"""Waiting until the target has finished what it acknowledged: only then do its stores say what is owed."""

import time
from typing import Final

import msgspec
from msgspec import Struct

from harness.target.answer import find
from harness.target.fetch import Unreachable, fetch
from harness.target.mapping import Drain, Target

UNTOLD: Final = -1
_POLL_S: Final = 0.1
_QUIET_POLLS: Final = 2  # one zero may be a moment between two queues


class Drained(Struct, frozen=True):
    """`pending`: what was left at the end, -1 if the target never told."""

    done: bool
    pending: int
    seconds: float


def drain(target: Target, timeout_s: float) -> Drained:
    """Poll [drain] until nothing is pending twice in a row, or the time is up.

    A target that is away for a while (it is being restarted) is asked again; one without [drain], never.
    """
    began = time.monotonic()
    if target.drain is None:
        return Drained(done=True, pending=0, seconds=0.0)
    pending, quiet = UNTOLD, 0
    while True:
        left_s = began + timeout_s - time.monotonic()
        told = _pending(target, target.drain, max(left_s, _POLL_S))
        pending = pending if told is None else told
        quiet = quiet + 1 if told == 0 else 0
        seconds = time.monotonic() - began
        if quiet == _QUIET_POLLS or seconds >= timeout_s:
            return Drained(done=quiet == _QUIET_POLLS, pending=pending, seconds=seconds)
        time.sleep(_POLL_S)


def _pending(target: Target, where: Drain, timeout_s: float) -> int | None:
    try:
        status, body = fetch(target, where.path, timeout_s)
        told = find(msgspec.json.decode(body), where.pending)
    except (Unreachable, ValueError):
        return None
    return told if status == 200 and type(told) is int and told >= 0 else None
