"""Waking a greenlet at a moment, to some ten microseconds: a timerfd in gevent's own event loop.

`gevent.sleep` ends at the next whole millisecond of epoll, half a millisecond late on average: too coarse for a
schedule in which one millisecond counts as late.
"""

import ctypes
import os
from typing import Any, Final

import gevent

from harness.history.clock import ANCHOR_NS

_CLOCK_MONOTONIC: Final = 1
_ABSOLUTE: Final = 1
_READABLE: Final = 1
_SECOND_NS: Final = 1_000_000_000

_libc: Final = ctypes.CDLL(None, use_errno=True)


class _Moments(ctypes.Structure):
    """struct itimerspec: how often, and when first."""

    _fields_ = (
        ("every_s", ctypes.c_long),
        ("every_ns", ctypes.c_long),
        ("at_s", ctypes.c_long),
        ("at_ns", ctypes.c_long),
    )


class Alarm:
    """One alarm clock for one greenlet."""

    def __init__(self) -> None:
        self._timer = _checked(_libc.timerfd_create(_CLOCK_MONOTONIC, os.O_NONBLOCK | os.O_CLOEXEC))
        self._hub: Any = gevent.get_hub()
        self._watcher = self._hub.loop.io(self._timer, _READABLE)

    def wait_until(self, moment_ns: int) -> None:
        """Returns once `moment_ns` of the harness's clock has come, or at `ring`."""
        self._set(moment_ns - ANCHOR_NS)
        self._hub.wait(self._watcher)
        os.read(self._timer, 8)

    def ring(self) -> None:
        """Ends a wait now."""
        self._set(1)

    def close(self) -> None:
        self._watcher.close()
        os.close(self._timer)

    def _set(self, monotonic_ns: int) -> None:
        at_s, at_ns = divmod(max(1, monotonic_ns), _SECOND_NS)  # all zero would mean never
        _checked(_libc.timerfd_settime(self._timer, _ABSOLUTE, ctypes.byref(_Moments(0, 0, at_s, at_ns)), None))


def _checked(result: int) -> int:
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result
